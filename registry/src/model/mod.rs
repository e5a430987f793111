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

pub(crate) mod event_kind;
pub(crate) mod event;
pub(crate) mod event_example;

pub(crate) mod sealed;
pub(crate) mod webhook_url;
pub(crate) mod webhook;
pub(crate) mod webhook_requests;
pub(crate) mod delivery;

pub(crate) mod policy;
pub(crate) mod kept_policy;
pub(crate) mod signature;
pub(crate) mod origin;
pub(crate) mod promotion;
pub(crate) mod promotion_requests;
pub(crate) mod history;
