//! Aliases: names that stand for one version of a model.

mod set;
pub(crate) mod get;
mod delete;
