//! Every request has an id: the caller's own `X-Request-Id` if it is sane, else one made here. It is returned
//! in the response and stands in the log line, so that a caller's 500 can be found.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use forebay_core::ids::Ids;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken over from a caller, in characters.
const MAX_LENGTH: usize = 128;

/// The id of the request it is an extension of.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Puts the request's id into its extensions and into the response.
pub(crate) async fn assign(State(ids): State<Arc<dyn Ids>>, mut request: Request, next: Next) -> Response {
    let id = sane_id(request.headers()).unwrap_or_else(|| ids.hex32());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// The caller's id, if it is short and cannot break a log line.
fn sane_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=MAX_LENGTH).contains(&id.len()).then_some(id).filter(|id| id.bytes().all(sane)).map(str::to_owned)
}
