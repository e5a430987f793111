//! What browsers are told about foreign pages: the CORS headers of an answer, and the answer to a preflight.
//!
//! A preflight from a page that may not use the API is refused with a 400, as the original refuses it; a
//! browser would make do with missing headers, a person who looks for the reason would not.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::origin::AllowedOrigins;
use crate::refusal::Refusal;

const METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS, PATCH";

/// How long a browser may remember the answer to a preflight, in seconds.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("600");

/// Answers preflights, and adds to every other answer what a browser needs to know.
pub(crate) async fn answer(
    State(allowed): State<Arc<AllowedOrigins>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match origin.as_ref().and_then(|origin| preflight(&allowed, origin, &request)) {
        Some(response) => response,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin.filter(|origin| may_read(&allowed, origin)) {
        tell_origin(&allowed, origin, headers);
    }
    response
}

/// The answer to a preflight, or nothing when the request is none.
fn preflight(allowed: &AllowedOrigins, origin: &HeaderValue, request: &Request) -> Option<Response> {
    let method = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD)?;
    if request.method() != Method::OPTIONS {
        return None;
    }
    if !may_read(allowed, origin) {
        let text = "Disallowed CORS origin";
        return Some((StatusCode::BAD_REQUEST, Extension(Refusal::Origin), text).into_response());
    }
    if !METHODS.split(", ").any(|known| method == known) {
        return Some((StatusCode::BAD_REQUEST, "Disallowed CORS method").into_response());
    }
    let mut response = (StatusCode::OK, "OK").into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
    if let Some(asked) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    Some(response)
}

fn may_read(allowed: &AllowedOrigins, origin: &HeaderValue) -> bool {
    origin.to_str().is_ok_and(|origin| allowed.allow(origin))
}

/// Where every page is allowed none is named, and then browsers send no credentials.
fn tell_origin(allowed: &AllowedOrigins, origin: HeaderValue, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    if allowed.allow_all() {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        return;
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
}
