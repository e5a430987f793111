//! `forebay gc`: deletes for good what is marked deleted, with its artifacts.
//!
//! The order is the same for runs, logged models and experiments. Who is named is checked before anything is
//! touched. Then, one owner at a time: its artifact location must be its own alone; it is claimed, in a
//! transaction that looks once more whether it is still deleted, so that nobody restores it from then on; its
//! artifacts go; its rows go. Whatever breaks off in between leaves a deleted owner that the next run finishes.

mod notice;
mod select;
mod sweep;
mod runs;
mod models;
mod traces;
mod experiments;
mod footprint;
mod shared;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::clock::Clock;
use forebay_db::{Db, WriteFn};

use crate::artifacts::object::Clients;
use crate::artifacts::place;
use crate::artifacts::store::Store;
use crate::model::gc::Selection;
use crate::{Error, Result, StoreSettings};
use footprint::Roots;
use sweep::Sweep;

pub use crate::model::gc::GcRequest;
pub use notice::{Fate, Notice, Subject, Summary};

/// Where artifacts are.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Where the server's proxy keeps what it is given.
    pub destination: String,
    /// How object stores are reached.
    pub settings: StoreSettings,
}

/// Whether anything happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Tell what would go.
    DryRun,
    /// Delete it.
    Delete,
}

/// How often a transaction is tried; on SQLite each waits for the lock itself.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

/// Who hears of each owner as it is dealt with.
pub type Listener<'a> = dyn FnMut(&Notice) + Send + 'a;

/// Garbage collection on an open database and the artifact stores beside it.
pub struct Gc {
    db: Db,
    clock: Arc<dyn Clock>,
    destination: Store,
    buckets: Clients,
    roots: Roots,
}

impl Gc {
    /// Takes an open database; relative paths start from `folder`, an absolute one.
    pub async fn open(db: Db, clock: Arc<dyn Clock>, stores: Stores, folder: &Path) -> Result<Self> {
        let buckets = Clients::new(stores.settings)?;
        let destination = place::destination(&stores.destination, &buckets).await?;
        let roots = Roots::new(&stores.destination, folder, buckets.clone())?;
        Ok(Gc { db, clock, destination, buckets, roots })
    }

    /// Deletes what `req` names, or tells what would go.
    ///
    /// # Errors
    /// Nothing was touched when something named does not exist, is not deleted or not old enough. What cannot
    /// be deleted later on is told to `listener`, and counted.
    pub async fn collect(&self, req: GcRequest, mode: Mode, listener: &mut Listener<'_>) -> Result<Summary> {
        let chosen = self.choose(Selection::try_from(req)?).await?;
        let summary = Summary::default();
        let (seen, begun) = (HashSet::new(), HashSet::new());
        let mut sweep = Sweep { gc: self, mode, listener, summary, seen, begun };
        sweep.pass_over(&chosen.passed_over);
        sweep.runs(&chosen.runs).await?;
        sweep.models(&chosen.models).await?;
        sweep.experiments(&chosen.experiments).await?;
        Ok(sweep.summary)
    }

    /// A transaction. Where a busy server keeps the database to itself, or it is being restarted, gc has time.
    async fn write<I, T>(&self, input: I, run: WriteFn<I, T, Error>) -> Result<T>
    where
        I: Clone + Send + Sync + 'static,
        T: Send + 'static,
    {
        for _ in 1..ATTEMPTS {
            match self.db.write(input.clone(), run).await {
                Err(Error::Db(forebay_db::Error::Unavailable(_) | forebay_db::Error::Contended(_))) => {
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
        self.db.write(input, run).await
    }
}
