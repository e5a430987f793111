//! `GET /metrics`: what the parts of the server count, in Prometheus' text format.
//!
//! There is one registry. It is made here when it is asked for, and every part that counts puts its metrics in.

mod process;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use forebay_core::clock::Clock;
use forebay_core::error_code::ErrorCode;
use forebay_tracking::http::MLFLOW_RELEASE;
use forebay_web::error::ApiError;
use prometheus_client::encoding::prometheus_text::{self, encode};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use self::process::ProcessMetrics;

/// A registry that tells of the build and of this process, which began a moment ago.
pub(crate) fn registry(clock: &dyn Clock) -> Registry {
    let mut registry = Registry::default();
    let build = [("version", env!("CARGO_PKG_VERSION")), ("mlflow_version", MLFLOW_RELEASE)];
    registry.register(
        "forebay_build",
        "The release of this server, and that of the API it serves",
        info(build),
    );
    registry.register_collector(Box::new(ProcessMetrics::new(clock.now_ms())));
    registry
}

fn info(labels: [(&'static str, &'static str); 2]) -> Info<Vec<(&'static str, &'static str)>> {
    Info::new(labels.to_vec())
}

/// The endpoint, at the root also where the server has a static prefix: that is where MLflow has it.
pub(crate) fn routes(registry: Registry) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(Arc::new(registry))
}

async fn scrape(State(registry): State<Arc<Registry>>) -> Result<Response, ApiError> {
    // A thread of its own: there are files to read, and many series are long to write.
    let written = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        encode(&mut text, &registry).map(|()| text)
    });
    let failed = |error: &dyn std::error::Error| ApiError::new(ErrorCode::InternalError, error.to_string());
    let text = written.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    Ok(([(CONTENT_TYPE, prometheus_text::CONTENT_TYPE)], text).into_response())
}
