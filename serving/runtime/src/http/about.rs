//! What a server says of itself.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use forebay_web::response::Compact;
use serde_json::Value;

use super::error::Error;
use super::openapi;
use crate::server::Server;

/// The release of MLflow whose scoring protocol this is.
const MLFLOW_RELEASE: &str = "3.17.2";

/// Whether all models can answer: 200 with a line break as in MLflow, or 503 with the reason.
pub(super) async fn ping(State(server): State<Server>) -> Response {
    match server.models.trouble() {
        None => (StatusCode::OK, "\n").into_response(),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

pub(super) async fn version() -> &'static str {
    MLFLOW_RELEASE
}

/// The document of the server.
pub(super) async fn openapi(State(server): State<Server>) -> Compact<Value> {
    Compact(openapi::of_server(&server.models))
}

/// The document of one model.
pub(super) async fn openapi_of(
    State(server): State<Server>,
    Path(name): Path<String>,
) -> Result<Compact<Value>, Error> {
    Ok(Compact(openapi::of_model(&server.models.find(&name)?)))
}
