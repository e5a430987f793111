//! The answers to paths and methods that no route knows.

use axum::body::Body;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use forebay_core::error_code::ErrorCode;

use crate::body::without_reading;
use crate::error::{ApiError, with_status};

/// 404 for a path without a route.
pub(crate) async fn not_found(method: Method, uri: Uri, body: Body) -> Response {
    let message = format!("No endpoint for {method} {}", shortened(uri.path()));
    without_reading(&body, ApiError::new(ErrorCode::EndpointNotFound, message).into_response())
}

/// 405 for a path whose routes are for other methods; 204 to the question which those are. The router names them.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri, body: Body) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let message = format!("The method {method} is not allowed for {}", shortened(uri.path()));
    let answer = with_status(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::EndpointNotFound, &message);
    without_reading(&body, answer)
}

/// The beginning of a path, which is always ASCII: percent-encoded by the caller or refused by the parser.
fn shortened(path: &str) -> &str {
    path.get(..200).unwrap_or(path)
}
