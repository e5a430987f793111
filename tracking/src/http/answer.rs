//! How an error of this crate becomes a response.

use axum::response::{IntoResponse, Response};
use forebay_web::error::ApiError;

use crate::Error;

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        ApiError::from_error(self.code(), &self).into_response()
    }
}
