//! JSON, with raw tensors behind it for those who ask.

mod data;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod bodies;
