//! What features are of: an airport, a customer, a pair of both. Its keys are columns of the spine.

use super::about::About;
use super::name::Name;
use super::value_type::ValueType;

/// A thing that has features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) name: Name,
    /// At least one; all together name one thing.
    pub(crate) keys: Vec<Key>,
    pub(crate) about: About,
}

/// A part of what names a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// The column of the spine.
    pub(crate) name: Name,
    /// One that can be a key.
    pub(crate) kind: ValueType,
}
