//! The feature store: what features are and where they come from, and training sets of them as they were known.
//!
//! Definitions say what a feature is (`model`); a training set joins them to the rows of a spine, each as it was known
//! at that row's time (`join` in memory, `training_sets` from tables to a table).

mod model;
mod join;
mod training_sets;

pub use training_sets::{
    Audit, Blueprint, Built, Error, Manifest, Output, OutputFormat, Progress, Request, Step, ViewAudit, build,
};
