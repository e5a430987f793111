//! The Open Inference Protocol, version 2: named tensors over REST and gRPC, as `KServe`, Triton and their clients speak it.
//!
//! Both ways in share the middle: tensors that meet a model's [`Interface`] become a batch, predictions become tensors.

mod backend;
mod error;
mod request;
mod place;
mod shape;
mod raw;
mod cast;
mod inputs;
mod outputs;
pub(crate) mod describe;
mod work;
pub(crate) mod rest;
pub(crate) mod grpc;

pub(crate) use backend::{
    Backend, InferError, Interface, ModelInfo, ModelState, ModelStatistics, RepositoryError, Wanted,
};

/// Sizes that callers must keep to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The longest body or message, in bytes; also of what was compressed.
    pub(crate) max_body_bytes: usize,
}
