//! How an error of this crate becomes a response.

use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use forebay_web::error::ApiError;

use crate::Error;

/// When to try again what others have the turn of.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("10");

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        ApiError::from_error(error.code(), &error)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let is_busy = matches!(self, Error::Busy);
        let mut response = ApiError::from(self).into_response();
        if is_busy {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_S);
        }
        response
    }
}
