//! The domain's types. A value of one of them is valid: `TryFrom` of its wire message is the only validator.

pub(crate) mod artifact;
pub(crate) mod artifact_path;
pub(crate) mod columns;
pub(crate) mod dataset;
pub(crate) mod experiment;
pub(crate) mod gc;
pub(crate) mod history;
pub(crate) mod legacy_model;
pub(crate) mod lifecycle;
pub(crate) mod location;
pub(crate) mod log_batch;
pub(crate) mod logged_model;
pub(crate) mod logged_model_search;
pub(crate) mod metric;
pub(crate) mod multipart;
pub(crate) mod page;
pub(crate) mod param;
pub(crate) mod run;
pub(crate) mod run_search;
pub(crate) mod tag;
pub(crate) mod text;
