//! What is counted of requests, read back in the format that Prometheus scrapes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderName, Method};
use axum::routing::{get, post};
use forebay_core::ids::SequentialIds;
use forebay_web::limits::Limits;
use forebay_web::message::Message;
use forebay_web::request_metrics::RequestMetrics;
use forebay_web::stack::{Security, StaticPrefix, WebConfig, with_layers};
use forebay_wire::empty::Empty;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;
use tokio::sync::Notify;
use tower::ServiceExt;

/// A router under `/ml` that counts.
struct Counting {
    router: Router,
    registry: Registry,
    hangs: Arc<Notify>,
}

impl Counting {
    fn start() -> Self {
        let mut registry = Registry::default();
        let hangs = Arc::new(Notify::new());
        let began = Arc::clone(&hangs);
        let routes = Router::new()
            .route("/api/runs/{run_id}", get(async || "run"))
            .route("/api/create", post(async |Message(_): Message<Empty>| "made"))
            .route("/health", get(async || "OK"))
            .route(
                "/hang",
                get(async move || {
                    began.notify_one();
                    std::future::pending::<()>().await;
                }),
            );
        let config = WebConfig {
            ids: Arc::new(SequentialIds::default()),
            limits: Limits { json_bytes: 10, json_bytes_in_flight: 10 },
            timeout: Duration::from_mins(1),
            static_prefix: StaticPrefix::new("/ml"),
            security: Some(Security::default()),
            metrics: Some(RequestMetrics::register(&mut registry, "3.17.2")),
        };
        Self { router: with_layers(Router::new().nest("/ml", routes), config), registry, hangs }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(HeaderName, &str)], body: &'static str) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    }

    async fn get(&self, path: &str) {
        self.ask("GET", path, &[(HOST, "localhost")], "").await;
    }

    /// The series of a metric, without their times, in order.
    fn series(&self, name: &str) -> Vec<String> {
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap();
        let mut lines: Vec<_> =
            text.lines().filter_map(|line| line.strip_prefix(name)).map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

#[tokio::test]
async fn requests_are_counted_by_the_pattern_of_their_route_without_the_prefix() {
    let counting = Counting::start();
    for path in ["/ml/api/runs/a", "/ml/api/runs/b", "/ml/api/create", "/ml/health"] {
        counting.get(path).await;
    }
    assert_eq!(
        counting.series("forebay_http_request_duration_seconds_count"),
        [
            "{route=\"/api/create\",method=\"GET\",status=\"405\"} 1",
            "{route=\"/api/runs/{run_id}\",method=\"GET\",status=\"200\"} 2",
            "{route=\"/health\",method=\"GET\",status=\"200\"} 1",
        ]
    );
    assert_eq!(
        counting.series("mlflow_http_request_duration_seconds_count"),
        [
            "{method=\"GET\",mlflow_version=\"3.17.2\",status=\"200\"} 2",
            "{method=\"GET\",mlflow_version=\"3.17.2\",status=\"405\"} 1"
        ]
    );
    assert_eq!(counting.series("forebay_http_requests_in_flight"), [" 0"]);
}

#[tokio::test]
async fn a_caller_cannot_add_labels_with_paths_or_methods() {
    let counting = Counting::start();
    for number in 0..50 {
        let method = format!("METHOD{number}");
        counting.ask(&method, &format!("/{number}"), &[(HOST, "localhost")], "").await;
        counting.get(&format!("/{number}")).await;
        counting.get(&format!("/ml/api/runs/{number}?{number}={number}")).await;
    }
    let total = [
        "{method=\"GET\",status=\"200\"} 50",
        "{method=\"GET\",status=\"404\"} 50",
        "{method=\"OTHER\",status=\"404\"} 50",
    ];
    assert_eq!(counting.series("mlflow_http_request_total"), total);
    assert_eq!(
        counting.series("forebay_http_request_duration_seconds_count"),
        [
            "{route=\"/api/runs/{run_id}\",method=\"GET\",status=\"200\"} 50",
            "{route=\"unmatched\",method=\"GET\",status=\"404\"} 50",
            "{route=\"unmatched\",method=\"OTHER\",status=\"404\"} 50",
        ]
    );
}

#[tokio::test]
async fn refusals_are_told_with_their_reason_and_those_of_guards_are_not_mlflows() {
    let counting = Counting::start();
    let (json, local) = ((CONTENT_TYPE, "application/json"), (HOST, "localhost"));
    counting.ask("GET", "/ml/api/runs/a", &[(HOST, "evil.com")], "").await;
    let foreign = [local.clone(), (ORIGIN, "http://evil.com"), json.clone()];
    counting.ask("POST", "/ml/api/create", &foreign, "{}").await;
    let preflight = [
        local.clone(),
        (ORIGIN, "http://evil.com"),
        (HeaderName::from_static("access-control-request-method"), "POST"),
    ];
    counting.ask("OPTIONS", "/ml/api/create", &preflight, "").await;
    counting.ask("POST", "/ml/api/create", &[local, json], "{           }").await;
    assert_eq!(
        counting.series("forebay_http_refusals_total"),
        [
            "{reason=\"body_length\"} 1",
            "{reason=\"body_memory\"} 0",
            "{reason=\"host\"} 1",
            "{reason=\"origin\"} 2"
        ]
    );
    assert_eq!(counting.series("mlflow_http_request_total"), ["{method=\"POST\",status=\"400\"} 1"]);
    assert_eq!(counting.series("forebay_http_request_duration_seconds_count").len(), 4);
}

#[tokio::test]
async fn a_caller_that_hangs_up_is_in_flight_until_then_and_abandoned_after() {
    let counting = Counting::start();
    let meanwhile = async {
        counting.hangs.notified().await;
        counting.series("forebay_http_requests_in_flight")
    };
    tokio::select! {
        () = counting.get("/ml/hang") => unreachable!("it hangs"),
        in_flight = meanwhile => assert_eq!(in_flight, [" 1"]),
    }
    assert_eq!(counting.series("forebay_http_requests_in_flight"), [" 0"]);
    assert_eq!(counting.series("forebay_http_requests_abandoned_total"), [" 1"]);
    assert!(counting.series("forebay_http_request_duration_seconds_count").is_empty());
}
