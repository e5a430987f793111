//! Domain types. `TryFrom` of a wire message is the only validator.

pub(crate) mod mistake;
pub(crate) mod name;
pub(crate) mod value_type;
pub(crate) mod span;
pub(crate) mod reference;
pub(crate) mod about;
pub(crate) mod entity;
pub(crate) mod feature_view;
pub(crate) mod expectation;
pub(crate) mod on_demand_view;
pub(crate) mod feature_service;
pub(crate) mod kind;
pub(crate) mod definition;
pub(crate) mod given;
pub(crate) mod kept;
pub(crate) mod requests;
