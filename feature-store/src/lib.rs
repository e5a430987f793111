//! The feature store: what features are and where they come from, and training sets of them as they were known.
//!
//! Definitions say what a feature is (`model`); a training set joins them to the rows of a spine, each as it was known
//! at that row's time (`join`).

mod model;
mod expressions;
mod expectations;
