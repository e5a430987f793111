//! Domain types. `TryFrom` of a wire message is the only validator.

pub(crate) mod name;
pub(crate) mod tag;
pub(crate) mod alias;
pub(crate) mod stage;
pub(crate) mod registered_model;
pub(crate) mod model_version;
pub(crate) mod source;
pub(crate) mod source_pattern;

pub(crate) mod prompts;
pub(crate) mod page;
pub(crate) mod registered_model_search;
pub(crate) mod model_version_search;

#[cfg_attr(not(test), expect(dead_code, reason = "the use cases that read it come next"))]
pub(crate) mod policy;
#[cfg_attr(not(test), expect(dead_code, reason = "the use cases that read it come next"))]
pub(crate) mod signature;
