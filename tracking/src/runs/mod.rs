//! Use cases of runs, one per file.

mod create;
mod get;
mod search;
pub(crate) mod hydrate;
mod update;
mod lifecycle;
mod log_batch;
mod log_plan;
mod delete_tag;
