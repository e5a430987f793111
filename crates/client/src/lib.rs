//! A client of MLflow's REST API, for Forebay's server and for MLflow's own: how Rust programs log runs and use the
//! registry of models. What only Forebay has, promotions and features, is here too.
//!
//! [`Client`] has one method per thing to do. Every request passes one door, which retries what the server
//! asks to retry; everything that can go wrong is an [`Error`]. Nothing here reads the environment: addresses,
//! credentials and time come from the caller.

mod artifacts;
mod batch;
mod client;
mod downloads;
mod error;
mod experiments;
mod features;
mod logged_models;
mod metrics;
mod model_versions;
mod pages;
mod promotion_policies;
mod promotions;
mod registered_models;
mod retry;
mod runs;
mod transport;

pub use batch::{Batch, MetricPoint};
pub use client::{Client, Credentials, Options, Timeouts};
pub use downloads::{ArtifactFolder, Download, Resume};
pub use error::Error;
pub use logged_models::NewModel;
pub use pages::{Listing, Pages, Question};
pub use promotions::Decision;
pub use retry::RetryPolicy;
pub use runs::NewRun;
