//! Policies as they are kept: each change is a new version.

use super::policy::Policy;
use super::policy::target::Target;

/// A policy as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptPolicy {
    pub(crate) name: String,
    pub(crate) target: Target,
    /// ≥ 1.
    pub(crate) version: i64,
    /// None when the policy was deleted with this version.
    pub(crate) policy: Option<Policy>,
    /// Milliseconds since the epoch.
    pub(crate) created_ms: i64,
    pub(crate) created_by: Option<String>,
}
