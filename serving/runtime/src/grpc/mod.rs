//! gRPC: the Open Inference Protocol, and beside it health and reflection.

pub(crate) mod routes;
mod methods;
mod health;
mod timeout;
mod error;
pub(crate) mod codec;
