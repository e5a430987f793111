//! The origin check: a foreign web page may read nothing and change nothing through its visitor's browser.
//!
//! Reading is prevented by the browser, which is told the allowed origins in the headers of `cors`.
//! Changing is prevented here, because the browser sends simple requests first and asks later.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::host::matches;
use crate::refusal::Refusal;
use crate::stack::StaticPrefix;

/// Hosts whose pages are this machine's own, whatever their port.
const LOCAL_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The web pages that may use the API, besides those of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// Reads a comma-separated list such as `https://ui.example.com,https://*.internal`; a single `*` allows all.
    pub fn from_list(list: &str) -> Self {
        Self(list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
    }

    /// Whether a page of this origin may change anything.
    pub fn allow(&self, origin: &str) -> bool {
        is_local(origin) || self.0.iter().any(|pattern| matches(pattern, origin))
    }

    /// Whether every page may, so that none needs to be named.
    pub(crate) fn allow_all(&self) -> bool {
        self.0.iter().any(|pattern| pattern == "*")
    }
}

/// The origins, and where the API is.
#[derive(Debug, Clone)]
pub(crate) struct OriginCheck {
    pub(crate) allowed: Arc<AllowedOrigins>,
    pub(crate) prefix: StaticPrefix,
}

/// Answers 403 to a request that changes something on behalf of a foreign page.
pub(crate) async fn check(State(check): State<OriginCheck>, request: Request, next: Next) -> Response {
    let guarded = changes_state(request.method()) && check.prefix.is_api(request.uri().path());
    if guarded && !request_origin(request.headers()).is_none_or(|origin| check.allowed.allow(origin)) {
        let text = "Cross-origin request blocked";
        return (StatusCode::FORBIDDEN, Extension(Refusal::Origin), text).into_response();
    }
    next.run(request).await
}

fn changes_state(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::DELETE, Method::PATCH].contains(method)
}

/// The `Origin` header; one that is not readable text counts as a foreign one.
fn request_origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("?")).filter(|origin| !origin.is_empty())
}

fn is_local(origin: &str) -> bool {
    host_of(origin).is_some_and(|host| LOCAL_HOSTS.contains(&host.to_ascii_lowercase().as_str()))
}

/// The host of `scheme://user@host:port/…`.
fn host_of(origin: &str) -> Option<&str> {
    let (_, rest) = origin.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.find(']') {
        Some(end) => host.get(..=end),
        None => host.split(':').next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_machine_are_allowed_with_any_port_and_scheme() {
        let allowed = AllowedOrigins::default();
        for origin in [
            "http://localhost",
            "http://LocalHost:9",
            "https://localhost",
            "http://[::1]:3",
            "http://127.0.0.1:1",
        ] {
            assert!(allowed.allow(origin), "{origin}");
        }
    }

    #[test]
    fn foreign_pages_are_refused() {
        let allowed = AllowedOrigins::default();
        let origins = [
            "http://evil.com",
            "null",
            "",
            "localhost",
            "http://localhost@evil.com",
            "http://127.0.0.2",
            "http://localhost.evil.com",
            "http://evil.com/http://localhost",
            "http://[::1",
            "http://",
        ];
        for origin in origins {
            assert!(!allowed.allow(origin), "{origin}");
        }
    }

    #[test]
    fn a_list_adds_to_this_machine() {
        let allowed = AllowedOrigins::from_list("https://ui.example.com, https://*.internal");
        for origin in ["https://ui.example.com", "https://a.internal", "http://localhost:3000"] {
            assert!(allowed.allow(origin), "{origin}");
        }
        for origin in ["http://ui.example.com", "https://ui.example.com:8443", "https://internal"] {
            assert!(!allowed.allow(origin), "{origin}");
        }
        assert!(AllowedOrigins::from_list("*").allow("null"));
    }
}
