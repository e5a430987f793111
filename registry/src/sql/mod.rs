//! All SQL of this crate: one file per table of MLflow's schema or of our own.
//!
//! A file holds `const` statements, a private row struct and functions that take `&mut Tx`; none of them opens
//! a transaction.

mod pairs;
pub(crate) mod model_version_search;
pub(crate) mod model_version_tags;
pub(crate) mod model_versions;
pub(crate) mod registered_model_aliases;
pub(crate) mod registered_model_search;
pub(crate) mod registered_model_tags;
pub(crate) mod registered_models;
pub(crate) mod subscribers;
pub(crate) mod tag_counts;
mod tagged_versions;
mod webhooks;
mod event_subscriptions;
pub(crate) mod outbox;
pub(crate) mod promotion_policies;
pub(crate) mod promotions;
pub(crate) mod promotion_approvals;
pub(crate) mod promotion_history;

/// Names or keys in one `IN (…)` list.
pub(crate) const KEYS_PER_STATEMENT: usize = 1_000;
