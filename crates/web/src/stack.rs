//! The one order of all layers, outermost first: request id, security headers, metrics, log, panics, timeout, the
//! budget of bodies, host, CORS, origin, then the router. Around them all the `Allow` header is completed.
//!
//! The log and the metrics stand outside of everything that can refuse a request, so that a refusal is told too.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use axum::middleware::{from_fn, from_fn_with_state};
use forebay_core::ids::Ids;
use tower_http::catch_panic::CatchPanicLayer;

use crate::body_budget::BodyBudget;
use crate::host::{AllowedHosts, HostCheck};
use crate::limits::Limits;
use crate::origin::{AllowedOrigins, OriginCheck};
use crate::request_metrics::{Recorder, RequestMetrics};
use crate::{
    allow, body_budget, cors, fallback, host, origin, panic, request_id, request_log, request_metrics,
    security_headers, timeout,
};

/// What the layers need to know; `src/` makes it from the command line.
#[derive(Clone)]
pub struct WebConfig {
    /// Makes request ids.
    pub ids: Arc<dyn Ids>,
    /// How much of a request is read.
    pub limits: Limits,
    /// How long a request may take until its answer begins.
    pub timeout: Duration,
    /// Where the router hangs.
    pub static_prefix: StaticPrefix,
    /// The browser guards; `None` switches all of them off.
    pub security: Option<Security>,
    /// Where requests are counted; `None` counts nothing.
    pub metrics: Option<RequestMetrics>,
}

/// The guards against what a foreign web page can do through its visitor's browser.
#[derive(Debug, Clone)]
pub struct Security {
    /// The hosts the server answers to.
    pub allowed_hosts: AllowedHosts,
    /// The web pages that may use the API.
    pub allowed_origins: AllowedOrigins,
    /// The value of `X-Frame-Options`; `None` leaves the header out.
    pub frame_option: Option<HeaderValue>,
}

impl Default for Security {
    fn default() -> Self {
        Self {
            allowed_hosts: AllowedHosts::default(),
            allowed_origins: AllowedOrigins::default(),
            frame_option: Some(HeaderValue::from_static("SAMEORIGIN")),
        }
    }
}

/// A path such as `/mlflow` in front of every route; empty is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaticPrefix(Arc<str>);

impl StaticPrefix {
    /// A prefix; it starts with a slash and does not end with one, or it is empty.
    pub fn new(prefix: &str) -> Self {
        Self(prefix.trim_end_matches('/').into())
    }

    /// The path behind the prefix, or nothing if it is not there.
    pub(crate) fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&*self.0)
    }

    /// Whether the path belongs to the API, under the prefix or not.
    pub(crate) fn is_api(&self, path: &str) -> bool {
        let is_api = |path: &str| path.starts_with("/api/") || path.starts_with("/ajax-api/");
        is_api(path) || self.strip(path).is_some_and(is_api)
    }
}

/// Puts the fallbacks and every layer around `router`, which is complete: routes added later have none of them.
pub fn with_layers(router: Router, config: WebConfig) -> Router {
    let router =
        router.fallback(fallback::not_found).method_not_allowed_fallback(fallback::method_not_allowed);
    let frame_option = config.security.as_ref().map(|security| security.frame_option.clone());
    let recorder = config.metrics.map(|metrics| Recorder { metrics, prefix: config.static_prefix.clone() });
    let router = with_guards(router, config.security, config.static_prefix)
        .layer(from_fn_with_state(BodyBudget::new(config.limits), body_budget::share))
        .layer(from_fn_with_state(config.timeout, timeout::enforce))
        .layer(CatchPanicLayer::custom(panic::answer))
        .layer(from_fn(request_log::record));
    let router = match recorder {
        Some(recorder) => router.layer(from_fn_with_state(recorder, request_metrics::record)),
        None => router,
    };
    let router = match frame_option {
        Some(frame_option) => router.layer(from_fn_with_state(frame_option, security_headers::add)),
        None => router,
    };
    allow::around(router.layer(from_fn_with_state(config.ids, request_id::assign)))
}

fn with_guards(router: Router, security: Option<Security>, prefix: StaticPrefix) -> Router {
    let Some(security) = security else {
        return router;
    };
    let allowed = Arc::new(security.allowed_origins);
    let hosts = Arc::new(security.allowed_hosts);
    let origins =
        OriginCheck { allowed: Arc::clone(&allowed), hosts: Arc::clone(&hosts), prefix: prefix.clone() };
    let hosts = HostCheck { allowed: hosts, prefix };
    router
        .layer(from_fn_with_state(origins, origin::check))
        .layer(from_fn_with_state(allowed, cors::answer))
        .layer(from_fn_with_state(hosts, host::check))
}
