//! The HTTP edge: every endpoint in one table, and one file of handlers per noun.
//!
//! A handler is three lines: decode, call one use case, encode.

mod routes;
mod experiments;
mod runs;
mod metrics;
mod datasets;
mod logged_models;
mod artifacts;
mod artifact_proxy;
mod attachment;
mod range;
mod content;
mod serving;
mod server;
mod traces;

pub use routes::routes;
