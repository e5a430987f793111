//! What a model uses: a named list of features, in their order.

use super::about::About;
use super::name::Name;
use super::reference::Reference;

/// The features of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureService {
    pub(crate) name: Name,
    /// At least one, and no two with the same feature's name.
    pub(crate) features: Vec<Reference>,
    pub(crate) about: About,
}
