//! Use cases of experiments, one per file.

mod create;
mod get;
