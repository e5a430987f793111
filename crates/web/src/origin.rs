//! The origin check: a foreign web page may read nothing and change nothing through its visitor's browser.
//!
//! Reading is prevented by the browser, which is told the allowed origins in the headers of `cors`.
//! Changing is prevented here, because the browser sends simple requests first and asks later.
//!
//! A page of this server is not a foreign one: its origin is the host that was asked. Behind a proxy that host may
//! stand in `X-Forwarded-Host`, which no foreign page can set without asking first. Either counts only if it is among
//! the allowed hosts by name, since a page that was rebound to our address would name itself.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::host::{AllowedHosts, asked_host, matches};
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

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The origins, the hosts whose pages are our own, and where the API is.
#[derive(Debug, Clone)]
pub(crate) struct OriginCheck {
    pub(crate) allowed: Arc<AllowedOrigins>,
    pub(crate) hosts: Arc<AllowedHosts>,
    pub(crate) prefix: StaticPrefix,
}

/// Answers 403 to a request that changes something on behalf of a foreign page.
pub(crate) async fn check(State(check): State<OriginCheck>, request: Request, next: Next) -> Response {
    let guarded = changes_state(request.method()) && check.prefix.is_api(request.uri().path());
    if guarded
        && !request_origin(request.headers()).is_none_or(|origin| check.allows(origin, request.headers()))
    {
        let text = "Cross-origin request blocked";
        return (StatusCode::FORBIDDEN, Extension(Refusal::Origin), text).into_response();
    }
    next.run(request).await
}

impl OriginCheck {
    fn allows(&self, origin: &str, headers: &HeaderMap) -> bool {
        self.allowed.allow(origin) || self.is_own(origin, headers)
    }

    /// Whether the page came from where its request goes.
    fn is_own(&self, origin: &str, headers: &HeaderMap) -> bool {
        let Some((_, authority)) = origin.split_once("://") else { return false };
        let forwarded = headers.get(X_FORWARDED_HOST).and_then(|host| host.to_str().ok());
        let mut hosts = [asked_host(headers), forwarded].into_iter().flatten();
        hosts.any(|host| host.eq_ignore_ascii_case(authority) && self.hosts.name(host))
    }
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
    fn a_page_of_the_host_that_was_asked_is_no_foreign_one() {
        let own = |hosts: &str, origin: &str, asked: &str, forwarded: Option<&str>| {
            let hosts = Arc::new(AllowedHosts::from_list(hosts));
            let check = OriginCheck { allowed: Arc::default(), hosts, prefix: StaticPrefix::default() };
            let mut headers = HeaderMap::new();
            headers.insert("host", asked.parse().unwrap());
            if let Some(forwarded) = forwarded {
                headers.insert(X_FORWARDED_HOST, forwarded.parse().unwrap());
            }
            check.allows(origin, &headers)
        };
        let name = "ml.example.com";
        assert!(own(name, "https://ml.example.com", name, None));
        assert!(own(name, "https://ML.example.com", name, None));
        assert!(own("*.example.com:*", "https://ml.example.com:8443", "ml.example.com:8443", None));
        assert!(own("", "http://10.0.0.7:5000", "10.0.0.7:5000", None));
        assert!(own("ml.example.com,127.0.0.1:*", "https://ml.example.com", "127.0.0.1:5000", Some(name)));
        assert!(!own(name, "https://evil.com", name, None));
        assert!(!own(name, "https://ml.example.com:8443", name, None));
        assert!(!own("*", "http://evil.com", "evil.com", None));
        assert!(!own(name, "https://evil.com", name, Some("evil.com")));
        assert!(!own("", "null", "localhost", None));
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
