//! One line per request, and the only place where a fault is written down.
//!
//! The answer to a plain 500 names the request id, which is known here and not where the error was made.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;
use forebay_core::error_code::ErrorCode;

use crate::error::{Fault, body};
use crate::request_id::RequestId;

/// What is known of a request before it is answered.
struct Entry {
    request_id: String,
    method: String,
    /// The pattern of the route, not the path: paths hold ids and would make every line its own kind.
    route: String,
    started: Instant,
}

/// Logs the request once it is answered.
pub(crate) async fn record(request: Request, next: Next) -> Response {
    let entry = Entry::of(&request);
    let mut response = next.run(request).await;
    let Some(Fault(cause)) = response.extensions_mut().remove::<Fault>() else {
        entry.log_answer(response.status());
        return response;
    };
    entry.log_fault(response.status(), &cause);
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let message = format!("internal error (request id {})", entry.request_id);
    with_message(response, &message)
}

/// The response with another message; the inner layers' headers stay, so that a browser may read the error.
fn with_message(response: Response, message: &str) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body(ErrorCode::InternalError, message)))
}

impl Entry {
    fn of(request: &Request) -> Self {
        let extensions = request.extensions();
        Self {
            request_id: extensions.get().map_or_else(String::new, |RequestId(id)| id.clone()),
            method: request.method().to_string(),
            route: extensions.get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned(),
            started: Instant::now(),
        }
    }

    fn log_answer(&self, status: StatusCode) {
        tracing::info!(
            request_id = self.request_id,
            method = self.method,
            route = self.route,
            status = status.as_u16(),
            duration_ms = self.duration_ms(),
            "answered"
        );
    }

    fn log_fault(&self, status: StatusCode, cause: &str) {
        tracing::error!(
            request_id = self.request_id,
            method = self.method,
            route = self.route,
            status = status.as_u16(),
            duration_ms = self.duration_ms(),
            cause,
            "failed"
        );
    }

    fn duration_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1_000.0
    }
}
