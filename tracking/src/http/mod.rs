//! The HTTP edge: every endpoint in one table, and one file of handlers per noun.
//!
//! A handler is three lines: decode, call one use case, encode.

mod absent;
mod answer;
mod artifact_proxy;
mod artifacts;
mod attachment;
mod content;
mod datasets;
mod experiments;
pub(crate) mod graphql;
mod logged_models;
mod metrics;
mod range;
mod routes;
mod runs;
mod server;
mod upload_body;

pub use artifacts::{check_path, respond_below};
pub use routes::routes;
pub use server::MLFLOW_RELEASE;
