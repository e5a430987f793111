//! A small router behind all layers, asked as a client would.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::{delete, get, post};
use forebay_core::error_code::ErrorCode;
use forebay_core::ids::SequentialIds;
use forebay_core::invalid::Invalid;
use forebay_web::error::ApiError;
use forebay_web::limits::Limits;
use forebay_web::message::Message;
use forebay_web::origin::AllowedOrigins;
use forebay_web::response::{Compact, Pretty};
use forebay_web::stack::{Security, StaticPrefix, WebConfig, with_layers};
use forebay_wire::experiments::{CreateExperiment, CreateExperimentResponse, SearchExperiments};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt;

#[derive(Debug, thiserror::Error)]
#[error("could not store the run")]
struct StoreFailed(#[source] std::io::Error);

async fn create(
    Message(request): Message<CreateExperiment>,
) -> Result<Pretty<CreateExperimentResponse>, ApiError> {
    let name = request.name.ok_or_else(|| Invalid::missing("name"))?;
    Ok(Pretty(CreateExperimentResponse { experiment_id: Some(name) }))
}

async fn search(Message(request): Message<SearchExperiments>) -> Compact<SearchExperiments> {
    Compact(request)
}

async fn fail() -> ApiError {
    let cause = StoreFailed(std::io::Error::other("disk full at /secret"));
    ApiError::from_error(ErrorCode::InternalError, &cause)
}

async fn find_no_database() -> ApiError {
    let cause = StoreFailed(std::io::Error::other("locked at /secret"));
    ApiError::from_error(ErrorCode::TemporarilyUnavailable, &cause)
}

async fn panic() -> ApiError {
    panic!("secret")
}

async fn hang() {
    std::future::pending::<()>().await;
}

fn config() -> WebConfig {
    WebConfig {
        ids: Arc::new(SequentialIds::default()),
        limits: Limits { json_bytes: 1_000, json_bytes_in_flight: 1_500 },
        timeout: Duration::from_millis(20),
        static_prefix: StaticPrefix::default(),
        security: Some(Security::default()),
        metrics: None,
    }
}

fn router() -> Router {
    Router::new()
        .route("/api/create", post(create).patch(create))
        .route("/api/delete", delete(create))
        .route("/api/search", get(search))
        .route("/api/fail", get(fail))
        .route("/api/locked", get(find_no_database))
        .route("/api/panic", get(panic))
        .route("/api/hang", get(hang))
        .route("/health", get(async || "OK"))
        .route("/static-files/lib/notebook-trace-renderer/index.html", get(async || "page"))
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }
}

async fn ask_with(config: WebConfig, request: Request) -> Answer {
    let response = with_layers(router(), config).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, text }
}

async fn ask(request: Request) -> Answer {
    ask_with(config(), request).await
}

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request {
    let start = Request::builder().method(method).uri(path);
    let start =
        if headers.iter().any(|(name, _)| *name == HOST) { start } else { start.header(HOST, "localhost") };
    headers
        .iter()
        .fold(start, |request, (name, value)| request.header(*name, *value))
        .body(body.into())
        .unwrap()
}

fn get_from(path: &str) -> Request {
    request(Method::GET, path, &[], "")
}

fn post_json(body: impl Into<Body>) -> Request {
    request(Method::POST, "/api/create", &[("content-type", "application/json")], body)
}

#[tokio::test]
async fn an_answer_is_indented_json_with_the_guards_headers() {
    let answer = ask(post_json(r#"{"name":"e"}"#)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.text, "{\n  \"experiment_id\": \"e\"\n}");
    assert_eq!(answer.headers[CONTENT_TYPE], "application/json");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["x-frame-options"], "SAMEORIGIN");
}

#[tokio::test]
async fn the_trace_renderer_may_be_framed() {
    let answer = ask(get_from("/static-files/lib/notebook-trace-renderer/index.html")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.headers.contains_key("x-frame-options"));
}

#[tokio::test]
async fn a_wrong_field_is_a_400_in_mlflows_form() {
    let answer = ask(post_json(r#"{"name":1}"#)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let expected = concat!(
        r#"{"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value 1 for parameter 'name' supplied: "#,
        r#" Hint: Value was of type 'int'. See the API docs for more information about request parameters."}"#,
    );
    assert_eq!(answer.text, expected);
}

#[tokio::test]
async fn post_needs_a_json_content_type_and_patch_and_delete_do_not() {
    let missing = ask(request(Method::POST, "/api/create", &[], "{}")).await;
    assert_eq!(missing.message(), "Bad Request. Content-Type header is missing.");
    let wrong = ask(request(Method::POST, "/api/create", &[("content-type", "text/plain")], "{}")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert_eq!(wrong.message(), "Bad Request. Content-Type must be one of ['application/json'].");
    let with_charset = [("content-type", "application/json; charset=utf-8")];
    let answer = ask(request(Method::POST, "/api/create", &with_charset, r#"{"name":"e"}"#)).await;
    assert_eq!(answer.status, StatusCode::OK);
    for (method, path) in [(Method::PATCH, "/api/create"), (Method::DELETE, "/api/delete")] {
        assert_eq!(ask(request(method, path, &[], r#"{"name":"e"}"#)).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn bodies_that_are_no_message_are_400() {
    for body in ["{bad", "[1]", "\u{0}"] {
        let answer = ask(post_json(body)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.message().starts_with("The request body"), "{}", answer.text);
    }
    assert!(ask(post_json("")).await.message().starts_with("Missing value for required parameter 'name'."));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let answer = ask(post_json(vec![b' '; 1_001])).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.message(), "The request body is longer than 1000 bytes.");
    assert_eq!(ask(post_json(format!("{:1000}", r#"{"name":"e"}"#))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn get_reads_the_query_or_without_one_a_body() {
    let answer = ask(get_from("/api/search?max_results=3&order_by=a&order_by=b")).await;
    assert_eq!(answer.json(), json!({"max_results": 3, "order_by": ["a", "b"]}));
    let answer = ask(request(Method::GET, "/api/search", &[], r#"{"max_results":"4"}"#)).await;
    assert_eq!(answer.text, r#"{"max_results":4}"#);
    assert_eq!(ask(get_from("/api/search?max_results=x")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_in_json() {
    let answer = ask(get_from("/api/nothing?x=1")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let expected = json!({"error_code": "ENDPOINT_NOT_FOUND", "message": "No endpoint for GET /api/nothing"});
    assert_eq!(answer.json(), expected);
    let answer = ask(get_from("/api/create")).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.message(), "The method GET is not allowed for /api/create");
    assert_eq!(answer.headers["allow"], "POST, PATCH, OPTIONS");
}

#[tokio::test]
async fn options_names_the_methods_of_a_path() {
    let answer = ask(request(Method::OPTIONS, "/api/search", &[("origin", "http://localhost:3")], "")).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.headers["allow"], "GET, HEAD, OPTIONS");
    assert_eq!(ask(request(Method::OPTIONS, "/nothing", &[], "")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn answers_and_errors_are_ascii() {
    let answer = ask(post_json(r#"{"name":"ü"}"#)).await;
    assert_eq!(answer.text, "{\n  \"experiment_id\": \"\\u00fc\"\n}");
    let answer = ask(post_json(r#"{"name":["ü"]}"#)).await;
    assert!(answer.text.contains(r#"[\"\u00fc\"]"#), "{}", answer.text);
}

#[tokio::test]
async fn long_bodies_and_answers_are_as_short_ones() {
    send_a_long_name().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_bodies_and_answers_are_as_short_ones_on_many_threads() {
    send_a_long_name().await;
}

/// The name is longer than what is decoded and encoded beside other requests.
async fn send_a_long_name() {
    let limits = Limits { json_bytes: 1_000_000, json_bytes_in_flight: 1_000_000 };
    let (name, timeout) = ("n".repeat(300_000), Duration::from_secs(10));
    let request = post_json(json!({"name": name}).to_string());
    let answer = ask_with(WebConfig { limits, timeout, ..config() }, request).await;
    assert_eq!(answer.json()["experiment_id"], name);
    let request = post_json(json!({"name": [name]}).to_string());
    let answer = ask_with(WebConfig { limits, timeout, ..config() }, request).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn faults_and_panics_show_nothing_but_the_request_id() {
    for path in ["/api/fail", "/api/panic"] {
        let answer = ask(request(Method::GET, path, &[("x-request-id", "abc-1")], "")).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        let expected =
            json!({"error_code": "INTERNAL_ERROR", "message": "internal error (request id abc-1)"});
        assert_eq!(answer.json(), expected);
        assert_eq!(answer.headers["x-frame-options"], "SAMEORIGIN");
        assert_eq!(answer.headers["content-length"], answer.text.len().to_string());
    }
}

#[tokio::test]
async fn what_may_pass_is_told_without_its_causes() {
    let answer = ask(get_from("/api/locked")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let expected = json!({"error_code": "TEMPORARILY_UNAVAILABLE", "message": "could not store the run"});
    assert_eq!(answer.json(), expected);
    assert_eq!(answer.headers["retry-after"], "10");
}

#[tokio::test]
async fn bodies_that_are_too_much_together_are_refused_until_others_are_answered() {
    let (is_held, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let hold = {
        let (is_held, release) = (Arc::clone(&is_held), Arc::clone(&release));
        async move |Message(_): Message<CreateExperiment>| {
            is_held.notify_one();
            release.notified().await;
        }
    };
    let router = Router::new().route("/api/create", post(create)).route("/api/hold", post(hold));
    let router = with_layers(router, WebConfig { timeout: Duration::from_secs(10), ..config() });
    let ask = async |path: &str| {
        let body = format!("{:1000}", r#"{"name":"e"}"#);
        let request = request(Method::POST, path, &[("content-type", "application/json")], body);
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    let others = async {
        is_held.notified().await;
        let refused = ask("/api/create").await;
        release.notify_one();
        refused
    };
    let (first, second) = tokio::join!(ask("/api/hold"), others);
    assert_eq!((first, second), (200, 503));
    assert_eq!(ask("/api/create").await, 200);
}

#[tokio::test]
async fn a_page_of_this_machine_may_read_a_fault() {
    let answer = ask(request(Method::GET, "/api/fail", &[("origin", "http://localhost:3")], "")).await;
    assert_eq!(answer.headers["access-control-allow-origin"], "http://localhost:3");
}

#[tokio::test]
async fn a_slow_request_is_given_up() {
    let answer = ask(get_from("/api/hang")).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer.message(), "The request took longer than 0.02 seconds.");
}

#[tokio::test]
async fn sane_request_ids_are_kept_and_others_replaced() {
    let long = "a".repeat(129);
    for (given, expected) in [
        ("abc-1", "abc-1"),
        ("a b", "00000000000000000000000000000001"),
        (&long, "00000000000000000000000000000001"),
    ] {
        let answer = ask(request(Method::GET, "/health", &[("x-request-id", given)], "")).await;
        assert_eq!(answer.headers["x-request-id"], expected);
    }
}

#[tokio::test]
async fn foreign_hosts_get_nothing_but_health() {
    let foreign = [("host", "evil.com")];
    let answer = ask(request(Method::GET, "/api/search", &foreign, "")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.text, "Invalid Host header - possible DNS rebinding attack detected");
    assert_eq!(ask(request(Method::GET, "/health", &foreign, "")).await.status, StatusCode::OK);
    let twice = [("host", "localhost"), ("host", "evil.com")];
    assert_eq!(ask(request(Method::GET, "/api/search", &twice, "")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn under_a_prefix_health_is_exempt_there_alone() {
    let config = WebConfig { static_prefix: StaticPrefix::new("/ml"), ..config() };
    let foreign = [("host", "evil.com")];
    let answer = ask_with(config.clone(), request(Method::GET, "/health", &foreign, "")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let answer = ask_with(config, request(Method::GET, "/ml/health", &foreign, "")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn foreign_pages_may_not_change_anything() {
    let headers = |origin| [("origin", origin), ("content-type", "application/json")];
    let body = r#"{"name":"e"}"#;
    for (origin, expected) in
        [("http://evil.com", 403), ("null", 403), ("http://localhost:3", 200), ("", 200)]
    {
        let answer = ask(request(Method::POST, "/api/create", &headers(origin), body)).await;
        assert_eq!(answer.status.as_u16(), expected, "{origin}");
    }
    let answer = ask(request(Method::POST, "/api/create", &headers("http://evil.com"), body)).await;
    assert_eq!(answer.text, "Cross-origin request blocked");
    let answer = ask(request(Method::GET, "/api/search", &headers("http://evil.com"), "")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn browsers_are_told_which_pages_may_read() {
    let preflight = |origin| {
        let headers = [
            (ORIGIN.as_str(), origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        request(Method::OPTIONS, "/api/create", &headers, "")
    };
    let answer = ask(preflight("http://localhost:3")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["access-control-allow-origin"], "http://localhost:3");
    assert_eq!(answer.headers["access-control-allow-credentials"], "true");
    assert_eq!(answer.headers["access-control-allow-headers"], "content-type");
    assert_eq!(answer.headers["access-control-allow-methods"], "GET, POST, PUT, DELETE, OPTIONS, PATCH");
    let refused = ask(preflight("http://evil.com")).await;
    assert_eq!((refused.status, &*refused.text), (StatusCode::BAD_REQUEST, "Disallowed CORS origin"));
    assert!(!refused.headers.contains_key("access-control-allow-origin"));

    let all = Security { allowed_origins: AllowedOrigins::from_list("*"), ..Security::default() };
    let answer = ask_with(WebConfig { security: Some(all), ..config() }, preflight("http://evil.com")).await;
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn the_guards_can_be_switched_off() {
    let config = WebConfig { security: None, ..config() };
    let headers = [("host", "evil.com"), ("origin", "http://evil.com"), ("content-type", "application/json")];
    let answer = ask_with(config, request(Method::POST, "/api/create", &headers, r#"{"name":"e"}"#)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.headers.contains_key("x-content-type-options"));
}
