//! Whole bodies, within the bounds of one and of all.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONNECTION;
use axum::http::{Extensions, HeaderValue, StatusCode};
use axum::response::Response;
use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use http_body_util::BodyExt as _;

use crate::body_budget::Share;
use crate::error::ApiError;
use crate::refusal::Refusal;

/// Extracts a body as it came; one that is too long is answered with a 413.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Whole {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        read(body, &parts.extensions, StatusCode::PAYLOAD_TOO_LARGE).await.map(Self)
    }
}

/// Tells the client that the connection ends with this answer, as it does where a body is still on its way: else the
/// next request on it could be lost.
pub fn without_reading(body: &Body, mut answer: Response) -> Response {
    if !body.is_end_stream() {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Reads a body; `too_long` is the status for one that is longer than any may be.
pub(crate) async fn read(
    mut body: Body,
    extensions: &Extensions,
    too_long: StatusCode,
) -> Result<Bytes, ApiError> {
    let share = share_of(extensions)?;
    let limit = share.body_limit();
    // A length that is announced is refused before anything of it is sent.
    if body.size_hint().lower() > limit as u64 {
        return Err(refuse(limit, too_long));
    }
    let announced = body.size_hint().exact();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Invalid::message(format!("The request body could not be read: {error}")))?;
        let chunk = frame.into_data().unwrap_or_default();
        if bytes.len() + chunk.len() > limit {
            return Err(refuse(limit, too_long));
        }
        if !share.take(chunk.len()) {
            let why = "The server holds as many request bodies as it may. Try again later.";
            let error = ApiError::new(ErrorCode::TemporarilyUnavailable, why);
            return Err(error.refused(Refusal::BodyMemory));
        }
        if bytes.is_empty() && announced == Some(chunk.len() as u64) {
            return Ok(chunk);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

fn refuse(limit: usize, status: StatusCode) -> ApiError {
    let why = Invalid::message(format!("The request body is longer than {limit} bytes."));
    ApiError::from_error_with_status(status, ErrorCode::InvalidParameterValue, &why)
        .refused(Refusal::BodyLength)
}

/// The request's share of what bodies may hold, from the layers.
fn share_of(extensions: &Extensions) -> Result<&Share, ApiError> {
    let share = extensions.get::<Arc<Share>>();
    share.map(Arc::as_ref).ok_or_else(|| {
        ApiError::new(ErrorCode::InternalError, "a route that reads bodies is outside of the layers")
    })
}
