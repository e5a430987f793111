//! The last net: a handler that panics is answered with a 500 and logged like any other fault.

use std::any::Any;

use axum::response::{IntoResponse, Response};
use forebay_core::error_code::ErrorCode;

use crate::error::ApiError;

/// The response for a panic with this payload.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the payload over")]
pub(crate) fn answer(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a payload that is not text");
    ApiError::new(ErrorCode::InternalError, format!("a handler panicked: {text}")).into_response()
}
