//! What an error is in HTTP: a status, and a body with its text.

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::backend::{InferError, RepositoryError};
use super::super::error::OipError;
use super::json::Json;

impl OipError {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            OipError::Invalid(_) | OipError::Infer(InferError::Invalid(_)) => StatusCode::BAD_REQUEST,
            OipError::BodyTooLong(_) | OipError::Infer(InferError::TooLarge(_)) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            OipError::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            OipError::UnknownModel(_)
            | OipError::UnknownPath(_)
            | OipError::Repository(RepositoryError::NotFound(_)) => StatusCode::NOT_FOUND,
            OipError::Infer(InferError::Busy { .. }) => StatusCode::TOO_MANY_REQUESTS,
            OipError::NotReady { .. } | OipError::Infer(InferError::Unavailable(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            OipError::Infer(InferError::Deadline) => StatusCode::GATEWAY_TIMEOUT,
            OipError::Repository(RepositoryError::NotSupported) => StatusCode::NOT_IMPLEMENTED,
            OipError::Internal(_)
            | OipError::Infer(InferError::Failed(_))
            | OipError::Repository(RepositoryError::Failed(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whole seconds after which a busy model should be asked again; at least one.
    fn retry_after_s(&self) -> Option<u64> {
        match self {
            OipError::Infer(InferError::Busy { retry_after }) => {
                Some(retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0))
                    .map(|seconds| seconds.max(1))
            }
            _ => None,
        }
    }
}

impl IntoResponse for OipError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(json!({"error": self.to_string()}))).into_response();
        if let Some(seconds) = self.retry_after_s() {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_full_queue_says_when_to_come_back() {
        let busy = OipError::Infer(InferError::Busy { retry_after: Duration::from_millis(20) });
        let response = busy.into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }
}
