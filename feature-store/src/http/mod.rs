//! The HTTP edge: every endpoint in one table, and one file of handlers per noun.

mod answer;
mod caller;
mod definitions;
mod routes;

pub use routes::routes;
