//! The Open Inference Protocol, version 2: named tensors in JSON and in protobuf messages, as `KServe`, Triton and their
//! clients speak it.
//!
//! Both share the middle: tensors that meet a model's [`Interface`] become a batch, predictions become tensors.

pub(crate) mod interface;
pub(crate) mod index;
pub(crate) mod refusal;
pub(crate) mod request;
mod place;
mod shape;
mod cast;
mod inputs;
mod outputs;
pub(crate) mod describe;
pub(crate) mod json;
pub(crate) mod messages;
