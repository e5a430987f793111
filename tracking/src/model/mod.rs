//! The domain's types. A value of one of them is valid: `TryFrom` of its wire message is the only validator.

pub(crate) mod text;
pub(crate) mod tag;
pub(crate) mod lifecycle;
pub(crate) mod experiment;
pub(crate) mod location;
