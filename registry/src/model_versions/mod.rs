//! Use cases of model versions.

pub(crate) mod hydrate;
mod search;
