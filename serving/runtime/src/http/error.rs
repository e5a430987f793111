//! Refusals of requests to score, in MLflow's JSON: a code and a sentence.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use forebay_core::error_code::ErrorCode;
use forebay_web::error::ApiError;

use crate::engines::EngineError;
use crate::protocols::mlflow::Refusal;
use crate::queue::error::ScoreError;
use crate::served::NotServed;

/// Why a request is not answered with predictions.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Its body.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// The queue or the engine.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// A header or the path.
    #[error("{0}")]
    Invalid(String),
    /// There is no model to ask.
    #[error(transparent)]
    NotServed(#[from] NotServed),
    /// The predictions cannot be written as asked.
    #[error("{0}")]
    Answer(String),
}

impl Error {
    fn status(&self) -> (StatusCode, ErrorCode) {
        match self {
            Error::Refusal(Refusal::UnsupportedMediaType(_)) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::InvalidParameterValue)
            }
            Error::Refusal(Refusal::Invalid(_)) | Error::Invalid(_) | Error::Answer(_) => {
                (StatusCode::BAD_REQUEST, ErrorCode::BadRequest)
            }
            Error::NotServed(NotServed::Unknown { .. } | NotServed::Several(_)) => {
                (StatusCode::NOT_FOUND, ErrorCode::ResourceDoesNotExist)
            }
            Error::NotServed(NotServed::Loading(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::TemporarilyUnavailable)
            }
            Error::Score(error) => status_of_score(error),
        }
    }
}

/// What it is in every protocol over HTTP that rows were not scored.
pub(super) fn status_of_score(error: &ScoreError) -> (StatusCode, ErrorCode) {
    match error {
        ScoreError::Engine(EngineError::Invalid(_) | EngineError::Failed(_)) => {
            (StatusCode::BAD_REQUEST, ErrorCode::BadRequest)
        }
        ScoreError::Closed | ScoreError::Engine(EngineError::Lost(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::TemporarilyUnavailable)
        }
        ScoreError::Full { .. } => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::ResourceExhausted),
        ScoreError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::InvalidParameterValue),
        ScoreError::DeadlinePassed(_) => (StatusCode::GATEWAY_TIMEOUT, ErrorCode::DeadlineExceeded),
    }
}

/// A full queue says when to come again.
pub(super) fn add_retry_after(error: &ScoreError, response: &mut Response) {
    if let ScoreError::Full { retry_after, .. } = error {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs()));
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        let mut response = ApiError::from_error_with_status(status, code, &self).into_response();
        if let Error::Score(error) = &self {
            add_retry_after(error, &mut response);
        }
        response
    }
}
