//! HTTP: MLflow's scoring protocol at the root, the Open Inference Protocol under `/v2`.

pub(crate) mod routes;
mod invocations;
mod lines;
mod oip;
mod about;
mod endpoints;
mod openapi;
mod error;
mod patience;
mod timing;
