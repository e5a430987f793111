//! Use cases of logged models, one per file.

mod artifacts;
mod create;
mod delete;
mod finalize;
mod get;
mod hydrate;
mod log_model;
mod params;
mod search;
mod tags;
