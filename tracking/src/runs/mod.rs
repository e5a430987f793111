//! Use cases of runs, one per file.

mod create;
mod delete_tag;
mod get;
pub(crate) mod hydrate;
mod lifecycle;
mod log_batch;
mod log_plan;
mod search;
mod update;
