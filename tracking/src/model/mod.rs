//! The domain's types. A value of one of them is valid: `TryFrom` of its wire message is the only validator.

pub(crate) mod text;
pub(crate) mod python;
pub(crate) mod tag;
pub(crate) mod lifecycle;
pub(crate) mod experiment;
pub(crate) mod run;
pub(crate) mod metric;
pub(crate) mod param;
pub(crate) mod log_batch;
pub(crate) mod history;
pub(crate) mod dataset;
pub(crate) mod logged_model;
pub(crate) mod legacy_model;
pub(crate) mod location;
pub(crate) mod artifact_path;
pub(crate) mod artifact;
pub(crate) mod page;
pub(crate) mod run_search;
pub(crate) mod logged_model_search;
