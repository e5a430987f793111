//! Headers that tell browsers to guess no content types and to show the pages in no foreign frame.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use axum::middleware::Next;
use axum::response::Response;

/// The page that notebooks show in a frame of theirs, so it must not forbid frames.
const TRACE_RENDERER: &str = "/static-files/lib/notebook-trace-renderer";

/// Adds the headers to every response; without a frame option there is no `X-Frame-Options`.
pub(crate) async fn add(
    State(frame_option): State<Option<HeaderValue>>,
    request: Request,
    next: Next,
) -> Response {
    let renders_trace = request.uri().path().starts_with(TRACE_RENDERER);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(frame_option) = frame_option.filter(|_| !renders_trace) {
        headers.insert(X_FRAME_OPTIONS, frame_option);
    }
    response
}
