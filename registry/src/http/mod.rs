//! The HTTP edge: every endpoint in one table, and one file of handlers per noun.

mod aliases;
pub(crate) mod caller;
mod answer;
mod model_versions;
mod promotion_policies;
mod promotions;
mod registered_models;
mod webhooks;
mod event_subscriptions;
pub(crate) mod files;
mod routes;
mod wake;

pub use routes::routes;
