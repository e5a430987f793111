//! Tracking: experiments, runs, metrics, params, tags, datasets, logged models and their artifacts, with
//! MLflow's REST API and in MLflow's own tables.
//!
//! [`Tracking`] is the one public handle; [`http::routes`] lists every endpoint. A request goes
//! `http` (three lines) → `TryFrom` in `model` (the only validator) → one use case per file → `sql`.

mod artifacts;
mod datasets;
mod error;
mod experiments;
pub mod gc;
pub mod http;
pub mod lineage;
mod logged_models;
mod metrics;
mod model;
mod runs;
mod sql;
#[cfg(test)]
mod testing;

use forebay_core::columns::ColumnLimits;
use std::sync::Arc;

use forebay_core::clock::Clock;
use forebay_core::ids::Ids;
use forebay_db::{Db, Engine};
use forebay_web::serving::Serving;
use prometheus_client::registry::Registry;

pub use artifacts::{ObjectFolder, ObjectStores, ReadableFile, StoreError, StoreSettings};
pub use error::Error;
pub use http::graphql::{GraphqlLimits, ModelVersions};
pub use model::location::LocationRules;
pub use model::text::LongValues;

use artifacts::traffic::Traffic;

/// What a use case returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How tracking behaves; the operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where experiments without a location of their own keep their artifacts: a URI or a local path;
    /// `mlflow-artifacts:/` when this server proxies them.
    pub artifact_root: String,
    /// Where the proxy keeps what it is given: a folder, relative ones to the current one, or the URI of a folder
    /// or of an object store.
    pub artifacts_destination: String,
    /// How object stores are reached.
    pub object_stores: StoreSettings,
    /// Which parts of the API are on.
    pub serving: Serving,
    /// What to do with parameter and tag values that are too long.
    pub long_values: LongValues,
    /// What artifact locations are accepted.
    pub locations: LocationRules,
    /// How much a GraphQL document may ask for.
    pub graphql: GraphqlLimits,
}

/// The tracking domain on an open database. Cloning it is cheap.
#[derive(Clone)]
pub struct Tracking {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    config: Arc<Config>,
    columns: ColumnLimits,
    destination: artifacts::store::Store,
    buckets: artifacts::object::Clients,
    traffic: Traffic,
}

impl Tracking {
    /// Takes an open database and makes sure that the default experiment exists.
    pub async fn open(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, config: Config) -> Result<Self> {
        Self::open_with(db, clock, ids, config, Traffic::default()).await
    }

    /// As [`Tracking::open`], and counts into `registry`.
    pub async fn open_measured(
        db: Db,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        config: Config,
        registry: &mut Registry,
    ) -> Result<Self> {
        Self::open_with(db, clock, ids, config, Traffic::register(registry)).await
    }

    async fn open_with(
        db: Db,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        config: Config,
        traffic: Traffic,
    ) -> Result<Self> {
        let artifact_root = model::location::resolve(config.artifact_root, &config.locations.folder);
        let config = Config { artifact_root, ..config };
        let buckets = artifacts::object::Clients::new(config.object_stores.clone())?;
        let destination = artifacts::place::destination(&config.artifacts_destination, &buckets).await?;
        let destination = destination.metered(&traffic);
        let columns = match db.engine() {
            Engine::Sqlite => ColumnLimits::Lenient,
            Engine::Postgres => ColumnLimits::Enforced,
        };
        let config = Arc::new(config);
        let tracking = Tracking { db, clock, ids, config, columns, destination, buckets, traffic };
        tracking.ensure_default_experiment().await?;
        Ok(tracking)
    }

    /// Waits until what uploads left behind that broke off is gone.
    pub async fn close(&self) {
        self.buckets.close().await;
    }
}
