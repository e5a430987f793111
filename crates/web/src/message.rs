//! From a request to its message.
//!
//! GET and HEAD carry it in the query, everything else in a JSON body. A GET without a query may carry a body
//! too: the examples in Databricks' documentation do.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Extensions, HeaderMap, Method};
use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_wire::decode::{decode_json, decode_query};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::body_budget::Share;
use crate::cpu::{self, LONG_BYTES};
use crate::error::ApiError;
use crate::refusal::Refusal;

/// Extracts a wire message; a request that is not one is answered with a 400 that says why.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<T>(pub T);

impl<T, S> FromRequest<S> for Message<T>
where
    T: DeserializeOwned + Default,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        if is_read(&parts.method)
            && let Some(query) = parts.uri.query().filter(|query| !query.is_empty())
        {
            return Ok(Self(decode_query(query)?));
        }
        require_json(&parts.method, &parts.headers)?;
        let body = read(body, share_of(&parts.extensions)?).await?;
        let message =
            if body.len() > LONG_BYTES { cpu::long(|| decode_json(&body)) } else { decode_json(&body) };
        Ok(Self(message?))
    }
}

fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// Checks the content type where MLflow does: a PATCH or a DELETE needs none.
fn require_json(method: &Method, headers: &HeaderMap) -> Result<(), Invalid> {
    if method != Method::POST && method != Method::PUT {
        return Ok(());
    }
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Err(Invalid::message("Bad Request. Content-Type header is missing."));
    };
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    if kind.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Invalid::message("Bad Request. Content-Type must be one of ['application/json']."))
}

async fn read(mut body: Body, share: &Share) -> Result<Vec<u8>, ApiError> {
    let limit = share.body_limit();
    // A length that is announced is refused before anything of it is sent.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_long(limit));
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Invalid::message(format!("The request body could not be read: {error}")))?;
        let chunk = frame.into_data().unwrap_or_default();
        if bytes.len() + chunk.len() > limit {
            return Err(too_long(limit));
        }
        if !share.take(chunk.len()) {
            let why = "The server holds as many request bodies as it may. Try again later.";
            let error = ApiError::new(ErrorCode::TemporarilyUnavailable, why);
            return Err(error.refused(Refusal::BodyMemory));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_long(limit: usize) -> ApiError {
    let why = format!("The request body is longer than {limit} bytes.");
    ApiError::from(Invalid::message(why)).refused(Refusal::BodyLength)
}

/// The request's share of what bodies may hold, from the layers.
fn share_of(extensions: &Extensions) -> Result<&Share, ApiError> {
    let share = extensions.get::<Arc<Share>>();
    share.map(Arc::as_ref).ok_or_else(|| {
        ApiError::new(ErrorCode::InternalError, "a route that reads messages is outside of the layers")
    })
}
