//! What passes between protocols and engines.

pub(crate) mod dtype;
pub(crate) mod widening;
pub(crate) mod tensor;
pub(crate) mod raw;
pub(crate) mod signature;
pub(crate) mod params;
pub(crate) mod batch;
pub(crate) mod cell;
pub(crate) mod misfit;
pub(crate) mod column_builder;
pub(crate) mod rows;
pub(crate) mod tensor_builder;
pub(crate) mod infer;
pub(crate) mod conform;
pub(crate) mod predictions;
pub(crate) mod columns;
pub(crate) mod folder;
