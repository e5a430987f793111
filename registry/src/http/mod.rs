//! The HTTP edge: every endpoint in one table, and one file of handlers per noun.

mod answer;
mod model_versions;
mod registered_models;
mod webhooks;
mod event_subscriptions;
mod routes;
mod wake;

pub use routes::routes;
