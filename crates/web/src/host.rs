//! The host check: a request whose `Host` is not one of ours comes from a page that was rebound to our address.
//!
//! By default the names of this machine and private addresses are ours, with any port. Private addresses are
//! recognised as addresses, not by how their text begins: `10.evil.example` is a name anybody can own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::refusal::Refusal;
use crate::stack::StaticPrefix;

/// Names of this machine.
const LOCAL_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"];

/// The hosts a server answers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AllowedHosts {
    /// This machine's names and private addresses, with any port.
    #[default]
    LocalAndPrivate,
    /// Hosts as they stand in the header; `*` in one matches anything, also a port.
    Patterns(Vec<String>),
}

impl AllowedHosts {
    /// Reads a comma-separated list such as `mlflow.example.com,*.internal:*`; a single `*` allows every host.
    pub fn from_list(list: &str) -> Self {
        let patterns: Vec<String> =
            list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(unescaped).collect();
        if patterns.is_empty() { Self::default() } else { Self::Patterns(patterns) }
    }

    /// Whether this host is one of ours by name, and not only because every host is.
    pub(crate) fn name(&self, host: &str) -> bool {
        match self {
            Self::LocalAndPrivate => self.allow(host),
            Self::Patterns(patterns) => {
                patterns.iter().any(|pattern| pattern != "*" && matches(pattern, host))
            }
        }
    }

    /// Whether a request with this `Host` header is answered.
    pub fn allow(&self, host: &str) -> bool {
        match self {
            _ if host.is_empty() => false,
            Self::LocalAndPrivate => is_local_or_private(host),
            Self::Patterns(patterns) => patterns.iter().any(|pattern| matches(pattern, host)),
        }
    }
}

/// The hosts, and where the exempt paths are.
#[derive(Debug, Clone)]
pub(crate) struct HostCheck {
    pub(crate) allowed: Arc<AllowedHosts>,
    pub(crate) prefix: StaticPrefix,
}

/// Answers 403 to a foreign host. Health and version are exempt, because load balancers probe by address.
pub(crate) async fn check(State(check): State<HostCheck>, request: Request, next: Next) -> Response {
    let path = check.prefix.strip(request.uri().path());
    if matches!(path, Some("/health" | "/version"))
        || asked_host(request.headers()).is_some_and(|host| check.allowed.allow(host))
    {
        return next.run(request).await;
    }
    let text = "Invalid Host header - possible DNS rebinding attack detected";
    (StatusCode::FORBIDDEN, Extension(Refusal::Host), text).into_response()
}

/// The one `Host` header; two of them are nobody's.
pub(crate) fn asked_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

fn is_local_or_private(host: &str) -> bool {
    let name = without_port(host);
    LOCAL_NAMES.contains(&name) || address(name).is_some_and(is_private)
}

/// `host` without its port. Colons of an address in brackets, or of a bare IPv6 address, start no port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') && (!name.contains(':') || name.ends_with(']')) => name,
        _ => host,
    }
}

fn address(name: &str) -> Option<IpAddr> {
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    inner.parse().ok()
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => Ipv4Addr::is_private(&address),
        IpAddr::V6(address) => Ipv6Addr::is_unique_local(&address),
    }
}

/// A pattern that was written for a matcher in which `[` opens a set, as in `[[]::1]:*`.
fn unescaped(pattern: &str) -> String {
    pattern.replace("[[]", "[")
}

/// Whether `text` is `pattern`, in which every `*` stands for any text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        // The earliest match leaves the most text for the parts that follow.
        let Some(found) = text.find(part) else {
            return false;
        };
        text = &text[found + part.len()..];
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_private_addresses_are_allowed_with_any_port() {
        let allowed = AllowedHosts::default();
        let hosts = [
            "localhost",
            "localhost:1",
            "127.0.0.1:5000",
            "[::1]",
            "[::1]:5",
            "0.0.0.0:80",
            "10.1.2.3",
            "172.16.0.1:80",
            "172.31.255.255",
            "192.168.0.1",
            "fd00::1",
            "[fd00::1]",
            "[fd00::1]:80",
        ];
        for host in hosts {
            assert!(allowed.allow(host), "{host}");
        }
    }

    #[test]
    fn names_and_public_addresses_are_refused() {
        let allowed = AllowedHosts::default();
        let hosts = [
            "",
            "evil.com",
            "localhost.evil.com",
            "10.evil.com",
            "172.32.0.1",
            "8.8.8.8",
            "192.168.evil.com:80",
            "[2001:db8::1]",
            "localhost:1:2",
            "[",
            "]:",
            ":",
            "[::1",
            "127.0.0.1.evil.com:5000",
        ];
        for host in hosts {
            assert!(!allowed.allow(host), "{host}");
        }
    }

    #[test]
    fn a_list_of_patterns_replaces_the_defaults() {
        let allowed = AllowedHosts::from_list("ml.example.com, *.internal:*,[[]::1]:*");
        for host in ["ml.example.com", "a.internal:80", "a.b.internal:1", "[::1]:9"] {
            assert!(allowed.allow(host), "{host}");
        }
        for host in
            ["localhost", "ml.example.com:80", "internal:80", "a.internal", "xml.example.com", "::1:9", ""]
        {
            assert!(!allowed.allow(host), "{host}");
        }
    }

    #[test]
    fn a_star_allows_every_host_but_none() {
        let allowed = AllowedHosts::from_list("*");
        assert!(allowed.allow("evil.com"));
        assert!(!allowed.allow(""));
        assert_eq!(AllowedHosts::from_list(" , "), AllowedHosts::default());
    }

    #[test]
    fn stars_stand_for_any_text_and_nothing_overlaps() {
        let table = [
            ("a*b*c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("**", "", true),
            ("*é*", "xéy", true),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
