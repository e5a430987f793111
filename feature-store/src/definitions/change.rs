//! What becomes of definitions.

use crate::model::kind::Kind;
use crate::model::name::Name;

/// What becomes of one definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    pub(crate) name: Name,
    pub(crate) what: What,
    /// The version that it has then.
    pub(crate) version: i64,
}

/// Whether it is another one than before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Created,
    Changed(Vec<FieldChange>),
    Unchanged,
}

/// A field that is another one than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldChange {
    /// Such as `features[temp].type`.
    pub(crate) field: String,
    /// As JSON; none where there was nothing.
    pub(crate) from: Option<String>,
    /// As JSON; none where there is nothing.
    pub(crate) to: Option<String>,
}
