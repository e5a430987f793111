//! The answers to paths and methods that no route knows.

use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use forebay_core::error_code::ErrorCode;

use crate::error::{ApiError, with_status};

/// 404 for a path without a route.
pub(crate) async fn not_found(method: Method, uri: Uri) -> Response {
    let message = format!("No endpoint for {method} {}", shortened(uri.path()));
    ApiError::new(ErrorCode::EndpointNotFound, message).into_response()
}

/// 405 for a path whose routes are for other methods; 204 to the question which those are. The router names them.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let message = format!("The method {method} is not allowed for {}", shortened(uri.path()));
    with_status(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::EndpointNotFound, &message)
}

/// The beginning of a path, which is always ASCII: percent-encoded by the caller or refused by the parser.
fn shortened(path: &str) -> &str {
    path.get(..200).unwrap_or(path)
}
