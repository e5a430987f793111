//! What the rows of a view should be like, and what happens when they are not.

use super::name::Name;
use super::span::Span;

/// One thing that should hold for the rows of a table that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) rule: Rule,
    pub(crate) otherwise: Otherwise,
}

/// What should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The feature is never null.
    NotNull(Name),
    /// The feature is null or within bounds, both included. Bounds are the texts of JSON numbers.
    Range { feature: Name, min: Option<String>, max: Option<String> },
    /// No two rows have the same keys and event time.
    UniqueKey,
    /// The newest event is at most this much older than the newest row of the spine.
    Freshness(Span),
}

/// What happens when it does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Otherwise {
    Warn,
    Fail,
}
