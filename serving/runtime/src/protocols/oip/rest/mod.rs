//! REST: JSON, with raw tensors behind it for those who ask.

mod data;
mod decode;
mod encode;
mod bodies;
mod compression;
mod json;
mod error;
mod handlers;
mod routes;

pub(crate) use routes::routes;
