//! Refusals in the words of the Open Inference Protocol: a status, and an object with a sentence.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use forebay_core::error_code::ErrorCode;
use forebay_web::error::ApiError;
use serde_json::json;

use crate::http::error::{add_retry_after, status_of_score};
use crate::protocols::oip::refusal::Refusal;
use crate::served::inference::InferenceError;

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub(in crate::http) enum Error {
    /// The model or what it was asked.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The layers, as they read the body.
    #[error("{0}")]
    Body(ApiError),
    /// What the body was before it was compressed is longer than the server takes.
    #[error("the body is longer than {0} bytes")]
    BodyTooLong(usize),
    /// The body is compressed in a way that the server does not know.
    #[error("Content-Encoding '{0}' is not supported")]
    Encoding(String),
    /// The protocol has no such path, or not with this method.
    #[error("there is nothing at {0}, or not for this method")]
    UnknownPath(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Inference(refusal.into())
    }
}

impl Error {
    /// The request is not as it should be.
    pub(super) fn invalid(why: impl Into<String>) -> Self {
        Refusal::Invalid(why.into()).into()
    }

    fn into_api(self) -> ApiError {
        let (status, code) = match &self {
            Error::Body(refusal) => return refusal.clone(),
            Error::BodyTooLong(_) => (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::InvalidParameterValue),
            Error::Encoding(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::InvalidParameterValue),
            Error::UnknownPath(_) => (StatusCode::NOT_FOUND, ErrorCode::EndpointNotFound),
            Error::Inference(error) => status_of(error),
        };
        ApiError::from_error_with_status(status, code, &self)
    }
}

fn status_of(error: &InferenceError) -> (StatusCode, ErrorCode) {
    match error {
        InferenceError::Refused(Refusal::Invalid(_)) => (StatusCode::BAD_REQUEST, ErrorCode::BadRequest),
        InferenceError::Refused(Refusal::Unwritable(_)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::InternalError)
        }
        InferenceError::UnknownModel(_) | InferenceError::UnknownVersion { .. } => {
            (StatusCode::NOT_FOUND, ErrorCode::ResourceDoesNotExist)
        }
        InferenceError::NotReady { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::TemporarilyUnavailable)
        }
        InferenceError::FixedModels => (StatusCode::NOT_IMPLEMENTED, ErrorCode::NotImplemented),
        InferenceError::Score(error) => status_of_score(error),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let score = match &self {
            Error::Inference(InferenceError::Score(error)) => Some(error.clone()),
            _ => None,
        };
        let refusal = self.into_api();
        let body = json!({"error": refusal.to_string()}).to_string();
        // Status and whatever the log and the metrics are told stay; the words are the protocol's.
        let mut response = refusal.into_response();
        *response.body_mut() = Body::from(body);
        if let Some(error) = score {
            add_retry_after(&error, &mut response);
        }
        response
    }
}
