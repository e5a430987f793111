//! Bodies of the Open Inference Protocol, within the bounds of all bodies together.

use axum::body::Body;
use axum::extract::{FromRequest as _, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use forebay_web::body::Whole;

/// Reads the body before anything else does, and hands it on as a whole.
pub(super) async fn whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Request::from_parts(parts.clone(), body);
    match Whole::from_request(asked, &()).await {
        Ok(Whole(body)) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(refusal) => refusal.into_response(),
    }
}
