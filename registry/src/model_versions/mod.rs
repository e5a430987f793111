//! The versions of registered models: a use case per file.

mod source;
mod create;
pub(crate) mod get;
mod update;
mod transition_stage;
mod delete;
mod tags;
mod search;
