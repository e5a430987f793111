//! How an error of this crate becomes a response.

use axum::response::{IntoResponse, Response};
use forebay_web::error::ApiError;

use crate::Error;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        ApiError::from_error(error.code(), &error)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}
