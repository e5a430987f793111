//! The registry: registered models and their versions, with MLflow's REST API and in MLflow's own tables.
//!
//! [`Registry`] is the one public handle; [`http::routes`] lists every endpoint. A request goes
//! `http` (three lines) → `TryFrom` in `model` (the only validator) → one use case per file → `sql`.

mod aliases;
mod deliveries;
mod error;
mod files;
pub mod http;
mod lineage;
mod model;
mod moment;
mod model_versions;
mod policies;
mod promotions;
mod registered_models;
mod secrets;
mod sql;

use std::sync::Arc;

use axum::http::HeaderName;
use forebay_core::clock::Clock;
use forebay_core::columns::ColumnLimits;
use forebay_core::ids::Ids;
use forebay_db::{Db, Engine};

pub use error::{Error, Kind, Refusal};
pub use files::{FileFacts, FileRequest, ReadFile, VersionFiles};
pub use lineage::{Lineage, RegisteredAs, SourceMetric, SourceModel, SourceRun};
pub use model::source_pattern::SourcePattern;

use http::caller::Caller;
use moment::Moment;

/// What a use case returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How the registry behaves; the operator decides.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// What sources of versions have to look like.
    pub source_pattern: Option<SourcePattern>,
    /// The header in which an authenticating proxy names the user; nobody is known without one.
    pub user_header: Option<HeaderName>,
}

/// What the registry needs of the rest of the server.
#[derive(Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids for what is made.
    pub ids: Arc<dyn Ids>,
    /// Where versions come from.
    pub lineage: Arc<dyn Lineage>,
    /// The files that versions have.
    pub files: Arc<dyn VersionFiles>,
}

/// The registry on an open database. Cloning it is cheap.
#[derive(Clone)]
pub struct Registry {
    db: Db,
    config: Arc<Config>,
    around: Surroundings,
    columns: ColumnLimits,
}

impl Registry {
    /// Takes an open database.
    pub fn new(db: Db, config: Config, around: Surroundings) -> Self {
        let columns = match db.engine() {
            Engine::Sqlite => ColumnLimits::Lenient,
            Engine::Postgres => ColumnLimits::Enforced,
        };
        Registry { db, config: Arc::new(config), around, columns }
    }

    /// Now, for a write that `user` asks for.
    fn moment(&self, caller: Caller) -> Moment {
        let Caller(user) = caller;
        Moment { now_ms: self.around.clock.now_ms(), user, ids: self.around.ids.clone() }
    }
}
