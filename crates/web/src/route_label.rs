//! A request's route as the label of a metric. The pattern stays the router's own, so that no text is copied.

use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use axum::extract::{MatchedPath, Request};
use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

use crate::stack::StaticPrefix;

/// The label of every path that no route has.
const UNMATCHED: &str = "unmatched";

/// The pattern of a request's route without the static prefix, or one label for all paths without a route.
#[derive(Debug, Clone)]
pub(crate) struct RouteLabel {
    pattern: Option<MatchedPath>,
    /// How many bytes of it are the static prefix.
    n_prefix: usize,
}

impl RouteLabel {
    pub(crate) fn of(request: &Request, prefix: &StaticPrefix) -> Self {
        let pattern = request.extensions().get::<MatchedPath>().cloned();
        let whole = pattern.as_ref().map_or("", MatchedPath::as_str);
        let n_prefix = prefix.strip(whole).map_or(0, |route| whole.len() - route.len());
        Self { pattern, n_prefix }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.pattern.as_ref().map_or(UNMATCHED, |pattern| &pattern.as_str()[self.n_prefix..])
    }
}

impl PartialEq for RouteLabel {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RouteLabel {}

impl Hash for RouteLabel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for RouteLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        encoder.write_str(self.as_str())
    }
}
