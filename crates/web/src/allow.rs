//! The `Allow` header: the router names the methods it has handlers for, this adds the one that asks for them.
//!
//! It stands around the router and not among its layers, because the router adds its part after them.

use axum::Router;
use axum::extract::Request;
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::Response;

/// Wraps a finished router, whose answers then name their methods as other servers do: `GET, HEAD, OPTIONS`.
pub(crate) fn around(router: Router) -> Router {
    Router::new().fallback_service(router).layer(from_fn(complete))
}

async fn complete(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(allow) = completed(response.headers()) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

fn completed(headers: &HeaderMap) -> Option<HeaderValue> {
    let methods = headers.get(ALLOW)?.to_str().ok()?;
    HeaderValue::from_str(&format!("{}, OPTIONS", methods.replace(',', ", "))).ok()
}
