//! Features that are computed when they are asked for: SQL expressions over other features and values of the request.

use super::about::About;
use super::name::Name;
use super::reference::Reference;
use super::value_type::ValueType;

/// Computed features with the same inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnDemandView {
    pub(crate) name: Name,
    /// Features of feature views; expressions name them by their feature's name.
    pub(crate) inputs: Vec<Reference>,
    /// Columns of the spine, and later of the request.
    pub(crate) request: Vec<(Name, ValueType)>,
    /// At least one.
    pub(crate) features: Vec<Computed>,
    pub(crate) about: About,
}

/// A computed feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Computed {
    pub(crate) name: Name,
    /// SQL, without `SELECT`.
    pub(crate) expression: String,
    pub(crate) kind: ValueType,
    pub(crate) description: Option<String>,
}
