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

/// Longest part of an unknown path that is logged, in characters.
const MAX_PATH_CHARS: usize = 200;

/// What is known of a request before it is answered.
struct Entry {
    request_id: String,
    method: String,
    /// The pattern of the route, not the path: paths hold ids and would make every line its own kind.
    route: String,
    /// The beginning of the path, where no route has it.
    path: Option<String>,
    started: Instant,
}

/// Logs the request once it is answered.
pub(crate) async fn record(request: Request, next: Next) -> Response {
    let entry = Entry::of(&request);
    let mut response = next.run(request).await;
    let Some(Fault(cause)) = response.extensions_mut().remove::<Fault>() else {
        entry.log_answer(&response);
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
        let route = extensions.get().map(MatchedPath::as_str);
        Self {
            request_id: extensions.get().map_or_else(String::new, |RequestId(id)| id.clone()),
            method: request.method().to_string(),
            route: route.unwrap_or("-").to_owned(),
            path: route.is_none().then(|| request.uri().path().chars().take(MAX_PATH_CHARS).collect()),
            started: Instant::now(),
        }
    }

    fn log_answer(&self, response: &Response) {
        tracing::info!(
            request_id = self.request_id,
            method = self.method,
            route = self.route,
            path = self.path,
            status = response.status().as_u16(),
            error_code = response.extensions().get().map(|code: &ErrorCode| code.as_str()),
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
