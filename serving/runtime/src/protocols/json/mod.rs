//! JSON that goes straight from its bytes into columns and tensors, without a tree in between.

pub(crate) mod text;
pub(crate) mod cells;
pub(crate) mod rows;
pub(crate) mod tensors;
pub(crate) mod write;
