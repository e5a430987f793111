//! The HTTP edge: every endpoint in one table, and one file of handlers per noun.

mod answer;
mod caller;
mod definitions;
mod training_sets;
mod spool;
mod streams;
mod routes;

pub use routes::routes;
