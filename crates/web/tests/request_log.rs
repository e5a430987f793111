//! What the operator reads: one line per request, and the causes of a fault in it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::routing::get;
use forebay_core::error_code::ErrorCode;
use forebay_core::ids::SequentialIds;
use forebay_web::error::ApiError;
use forebay_web::limits::Limits;
use forebay_web::stack::{Security, StaticPrefix, WebConfig, with_layers};
use serde_json::Value;
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("could not store the run")]
struct StoreFailed(#[source] io::Error);

async fn fail() -> ApiError {
    ApiError::from_error(ErrorCode::InternalError, &StoreFailed(io::Error::other("disk full")))
}

async fn find_no_database() -> ApiError {
    let cause = StoreFailed(io::Error::other("database is locked"));
    ApiError::from_error(ErrorCode::TemporarilyUnavailable, &cause)
}

async fn find_no_room() -> ApiError {
    let cause = StoreFailed(io::Error::other("quota exceeded"));
    ApiError::from_error_with_status(StatusCode::INSUFFICIENT_STORAGE, ErrorCode::InternalError, &cause)
}

async fn lines_of(path: &str) -> Vec<Value> {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(lines.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let config = WebConfig {
        ids: Arc::new(SequentialIds::default()),
        limits: Limits { json_bytes: 1_000, json_bytes_in_flight: 1_000 },
        timeout: Duration::from_millis(200),
        static_prefix: StaticPrefix::default(),
        security: Some(Security::default()),
        metrics: None,
    };
    let router = Router::new()
        .route("/runs/{run_id}", get(async || "run"))
        .route("/fail", get(fail))
        .route("/locked", get(find_no_database))
        .route("/full", get(find_no_room))
        .route("/hang", get(std::future::pending::<()>))
        .route("/panic", get(async || -> ApiError { panic!("out of cheese") }));
    let host = if path == "/foreign" { "evil.com" } else { "localhost" };
    let request = Request::builder().uri(path).header(HOST, host).body(Body::empty()).unwrap();
    with_layers(router, config).oneshot(request).await.unwrap();
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_request_is_one_line_with_its_route_and_not_its_path() {
    let lines = lines_of("/runs/abc?secret=1").await;
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(line["request_id"], "00000000000000000000000000000001");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["route"], "/runs/{run_id}");
    assert_eq!(line["status"], 200);
    assert!(line["duration_ms"].as_f64().unwrap() >= 0.0);
    assert!(!line.to_string().contains("secret"));
}

#[tokio::test]
async fn a_fault_is_logged_once_with_all_its_causes() {
    for (path, status, cause) in [
        ("/fail", 500, "could not store the run: disk full"),
        ("/panic", 500, "a handler panicked: out of cheese"),
        ("/locked", 503, "could not store the run: database is locked"),
        ("/full", 507, "could not store the run: quota exceeded"),
        ("/hang", 504, "The request took longer than 0.2 seconds."),
    ] {
        let lines = lines_of(path).await;
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((&line["level"], &line["status"]), (&"ERROR".into(), &status.into()));
        assert_eq!(line["cause"], cause);
    }
}

#[tokio::test]
async fn what_no_route_knows_or_a_guard_refuses_is_logged_too() {
    for (path, status, code) in
        [("/nothing", 404, Value::from("ENDPOINT_NOT_FOUND")), ("/foreign", 403, Value::Null)]
    {
        let lines = lines_of(path).await;
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((&line["route"], &line["status"]), (&"-".into(), &status.into()));
        assert_eq!((&line["path"], &line["error_code"]), (&path.into(), &code));
    }
}
