//! Requests in numbers: under the names and labels of MLflow's exporter, so that dashboards made for it work, and
//! by route under names of our own.
//!
//! Nothing that a caller chooses becomes a label: routes are patterns, methods those that are known, statuses ours.
//! So the label sets are bounded, and none of them needs an allocation.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::refusal::Refusal;
use crate::route_label::RouteLabel;
use crate::stack::StaticPrefix;

/// Upper bounds of the original's buckets, in seconds.
const MLFLOW_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Upper bounds of our buckets, in seconds.
const ROUTE_BUCKETS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// The methods that are labels as they are; any other is [`OTHER`].
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const OTHER: &str = "OTHER";

/// Routes that MLflow's exporter leaves out.
const NOT_IN_MLFLOW: [&str; 3] = ["/health", "/version", "/metrics"];

/// What is counted of requests. Cloning it is cheap; all clones count together.
#[derive(Clone)]
pub struct RequestMetrics(Arc<Counted>);

struct Counted {
    mlflow_release: &'static str,
    mlflow_requests: Family<Kind, Counter>,
    mlflow_seconds: Family<MlflowKind, Histogram, fn() -> Histogram>,
    route_seconds: Family<RouteKind, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    abandoned: Counter,
    refusals: Family<Refused, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MlflowKind {
    method: &'static str,
    mlflow_version: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteKind {
    route: RouteLabel,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    reason: Refusal,
}

impl RequestMetrics {
    /// Starts counting into `registry`; `mlflow_release` is the release whose API is served.
    pub fn register(registry: &mut Registry, mlflow_release: &'static str) -> Self {
        let counted = Counted {
            mlflow_release,
            mlflow_requests: Family::default(),
            mlflow_seconds: Family::new_with_constructor(|| Histogram::new(MLFLOW_BUCKETS)),
            route_seconds: Family::new_with_constructor(|| Histogram::new(ROUTE_BUCKETS)),
            in_flight: Gauge::default(),
            abandoned: Counter::default(),
            refusals: Family::default(),
        };
        for reason in Refusal::ALL {
            // A rate needs a zero to start from.
            drop(counted.refusals.get_or_create(&Refused { reason }));
        }
        counted.register(registry);
        Self(Arc::new(counted))
    }
}

impl Counted {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "mlflow_http_request",
            "Requests that were answered, without health checks, scrapes and what the browser guards refused",
            self.mlflow_requests.clone(),
        );
        registry.register(
            "mlflow_http_request_duration_seconds",
            "Time until the answers of the same requests began, in seconds",
            self.mlflow_seconds.clone(),
        );
        registry.register(
            "forebay_http_request_duration_seconds",
            "Time until an answer began, in seconds, by the pattern of its route",
            self.route_seconds.clone(),
        );
        registry.register(
            "forebay_http_requests_in_flight",
            "Requests whose answer has not begun",
            self.in_flight.clone(),
        );
        registry.register(
            "forebay_http_requests_abandoned",
            "Requests whose caller hung up before the answer began",
            self.abandoned.clone(),
        );
        registry.register(
            "forebay_http_refusals",
            "Requests that were turned away before their handler saw them",
            self.refusals.clone(),
        );
    }

    fn observe(&self, kind: &RouteKind, refusal: Option<Refusal>, seconds: f64) {
        let RouteKind { method, status, .. } = *kind;
        if !NOT_IN_MLFLOW.contains(&kind.route.as_str()) && !refusal.is_some_and(Refusal::is_by_guard) {
            self.mlflow_requests.get_or_create(&Kind { method, status }).inc();
            let kind = MlflowKind { method, mlflow_version: self.mlflow_release, status };
            self.mlflow_seconds.get_or_create(&kind).observe(seconds);
        }
        self.route_seconds.get_or_create(kind).observe(seconds);
        if let Some(reason) = refusal {
            self.refusals.get_or_create(&Refused { reason }).inc();
        }
    }
}

/// The metrics, and where the router hangs: routes are told without the prefix.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) metrics: RequestMetrics,
    pub(crate) prefix: StaticPrefix,
}

/// Counts the request once it is answered.
pub(crate) async fn record(State(recorder): State<Recorder>, request: Request, next: Next) -> Response {
    let Recorder { metrics: RequestMetrics(counted), prefix } = recorder;
    let (route, method) = (RouteLabel::of(&request, &prefix), known(request.method()));
    let started = Instant::now();
    let in_flight = InFlight::begin(Arc::clone(&counted));
    let response = next.run(request).await;
    in_flight.end();
    let kind = RouteKind { route, method, status: response.status().as_u16() };
    counted.observe(&kind, response.extensions().get().copied(), started.elapsed().as_secs_f64());
    response
}

fn known(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

/// A request without an answer; dropped before its end, its caller has hung up.
struct InFlight {
    counted: Arc<Counted>,
    ended: bool,
}

impl InFlight {
    fn begin(counted: Arc<Counted>) -> Self {
        counted.in_flight.inc();
        Self { counted, ended: false }
    }

    fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.counted.in_flight.dec();
        if !self.ended {
            self.counted.abandoned.inc();
        }
    }
}
