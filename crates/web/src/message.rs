//! From a request to its message.
//!
//! GET and HEAD carry it in the query, everything else in a JSON body. A GET without a query may carry a body
//! too: the examples in Databricks' documentation do.

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use forebay_core::invalid::Invalid;
use forebay_wire::decode::{decode_json, decode_query};
use serde::de::DeserializeOwned;

use crate::body;
use crate::cpu::{self, LONG_BYTES};
use crate::error::ApiError;

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
        let body = body::read(body, &parts.extensions, StatusCode::BAD_REQUEST).await?;
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
