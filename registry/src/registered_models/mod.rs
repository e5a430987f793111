//! Registered models: a use case per file.

pub(crate) mod hydrate;

mod create;
mod get;
mod get_latest_versions;
mod update;
mod rename;
mod delete;
mod tags;
mod search;
