//! The registry: registered models and their versions, with MLflow's REST API and in MLflow's own tables.
//!
//! [`Registry`] is the one public handle; [`http::routes`] lists every endpoint. A request goes
//! `http` (three lines) → `TryFrom` in `model` (the only validator) → one use case per file → `sql`.

mod deliveries;
mod error;
pub mod http;
mod model;
mod model_versions;
mod registered_models;
mod secrets;
mod sql;

use forebay_db::Db;

pub use error::Error;

/// What a use case returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The registry on an open database. Cloning it is cheap.
#[derive(Clone)]
pub struct Registry {
    db: Db,
}

impl Registry {
    /// Takes an open database.
    pub fn new(db: Db) -> Self {
        Registry { db }
    }
}
