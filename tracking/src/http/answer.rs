//! How an error of this crate becomes a response.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use forebay_web::error::ApiError;

use crate::Error;
use crate::artifacts::StoreError;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let code = error.code();
        // The one fault of the server that the caller can do something about, and that no retry mends.
        if matches!(error, Error::Artifact(StoreError::Full { .. })) {
            return ApiError::from_error_with_status(StatusCode::INSUFFICIENT_STORAGE, code, &error);
        }
        ApiError::from_error(code, &error)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}
