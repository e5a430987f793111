//! Use cases of logged models, one per file.

mod create;
mod get;
mod hydrate;
mod search;
mod finalize;
mod params;
mod tags;
mod delete;
mod artifacts;
mod log_model;

pub(crate) use get::Deleted;
