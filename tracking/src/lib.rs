//! Tracking: experiments, runs, metrics, params, tags, datasets, logged models and their artifacts, with
//! MLflow's REST API and in MLflow's own tables.
//!
//! [`Tracking`] is the one public handle; [`http::routes`] lists every endpoint. A request goes
//! `http` (three lines) → `TryFrom` in `model` (the only validator) → one use case per file → `sql`.

mod error;
mod model;
mod experiments;
mod sql;
pub mod http;

use std::sync::Arc;

use forebay_core::clock::Clock;
use forebay_core::ids::Ids;
use forebay_db::Db;

pub use error::Error;
pub use model::text::LongValues;

/// What a use case returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How tracking behaves; the operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where experiments without a location of their own keep their artifacts, as a URI without a trailing
    /// slash; `mlflow-artifacts:` when this server proxies them.
    pub artifact_root: String,
    /// What to do with parameter and tag values that are too long.
    pub long_values: LongValues,
    /// Longest accepted artifact location, in characters.
    pub max_artifact_location_chars: usize,
}

/// The tracking domain on an open database. Cloning it is cheap.
#[derive(Clone)]
pub struct Tracking {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    config: Arc<Config>,
}

impl Tracking {
    /// Takes an open database and makes sure that the default experiment exists.
    pub async fn open(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, config: Config) -> Result<Self> {
        let tracking = Tracking { db, clock, ids, config: Arc::new(config) };
        tracking.ensure_default_experiment().await?;
        Ok(tracking)
    }
}
