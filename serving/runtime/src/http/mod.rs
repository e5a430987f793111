//! HTTP: MLflow's scoring protocol at the root, the Open Inference Protocol under `/v2`.

pub(crate) mod routes;
mod invocations;
mod lines;
mod about;
mod body;
mod openapi;
mod error;
mod timing;
