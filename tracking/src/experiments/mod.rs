//! Use cases of experiments, one per file.

mod create;
mod get;
mod lifecycle;
mod rename;
mod search;
mod tags;
