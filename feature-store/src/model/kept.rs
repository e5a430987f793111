//! Definitions as they are kept: each change is a new version.

use super::definition::Definition;
use super::kind::Kind;
use super::name::Name;

/// A version of a definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub(crate) kind: Kind,
    pub(crate) name: Name,
    /// ≥ 1.
    pub(crate) version: i64,
    /// None when the definition was deleted with this version.
    pub(crate) definition: Option<Definition>,
    /// Milliseconds since the epoch.
    pub(crate) created_ms: i64,
    pub(crate) created_by: Option<String>,
}
