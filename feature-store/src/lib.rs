//! The feature store: what features are and where they come from, and training sets of them as they were known.
//!
//! [`Features`] is the one public handle; [`http::routes`] lists every endpoint. Definitions say what a feature is (`model`,
//! `definitions`); a training set joins them to the rows of a spine, each as it was known at that row's time (`join` in memory,
//! `training_sets` from tables to a table).

mod definitions;
mod expressions;
mod expectations;
mod join;
mod training_sets;
mod builds;
mod error;
pub mod http;
mod locations;
mod model;
mod moment;
mod opening;
mod sql;

use std::sync::Arc;

use axum::http::HeaderName;
use forebay_core::clock::Clock;
use forebay_db::Db;
use forebay_lake::Lake;
use tokio::sync::Semaphore;

pub use error::Error;
pub use locations::{Location, Locations};
pub use training_sets::{
    Audit, Blueprint, Built, Error as BuildError, Existing, Manifest, Output, OutputFormat, Progress,
    Request, Room, Spine, Step, ViewAudit, Wanted, build,
};

use moment::Moment;
use opening::Opening;

/// How many training sets are made at a time: each may have all of the memory.
const BUILDS: usize = 1;

/// How many callers may send rows at a time; what they send is kept on the disk until it is their turn.
const SPOOLS: usize = 2;

/// What a use case returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How the feature store behaves; the operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// The header in which an authenticating proxy names the user; nobody is known without one.
    pub user_header: Option<HeaderName>,
    /// Where the tables are that callers may have read and written.
    pub locations: Locations,
    /// Bytes that the whole process may have while it makes a training set.
    pub memory_bytes: u64,
}

/// The feature store on an open database. Cloning it is cheap.
#[derive(Clone)]
pub struct Features {
    db: Db,
    lake: Lake,
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    opening: Opening,
    /// The turn of whoever has a training set made.
    building: Arc<Semaphore>,
    /// The room for rows that callers send.
    spooling: Arc<Semaphore>,
}

impl Features {
    /// Takes an open database, and where tables are.
    pub fn new(db: Db, lake: Lake, config: Config, clock: Arc<dyn Clock>) -> Self {
        let building = Arc::new(Semaphore::new(BUILDS));
        let spooling = Arc::new(Semaphore::new(SPOOLS));
        Features { db, lake, config: Arc::new(config), clock, opening: Opening::new(), building, spooling }
    }

    /// Now, for a write that `user` asks for.
    fn moment(&self, user: Option<String>) -> Moment {
        Moment { now_ms: self.now_ms(), user }
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}
