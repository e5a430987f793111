//! Changing the status, end and name of a run.

use forebay_db::Tx;

use crate::model::lifecycle::Lifecycle;
use crate::model::run::{RunId, RunInfo, RunUpdate};
use crate::model::tag::RUN_NAME;
use crate::sql::{runs, tags};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Changes what the update names, and returns the run as it is then.
    ///
    /// # Errors
    /// [`Error::RunNotActive`] for a deleted run.
    pub(crate) async fn update_run(&self, update: RunUpdate) -> Result<RunInfo> {
        if let Some(name) = &update.name {
            self.check_run_name("run_name", name)?;
        }
        self.db.write(update, |tx, update| Box::pin(apply(tx, update))).await
    }
}

async fn apply(tx: &mut Tx, update: &RunUpdate) -> Result<RunInfo> {
    find_active(tx, &update.id).await?;
    runs::update(tx, update).await?;
    if let Some(name) = &update.name {
        tags::upsert(tx, &[(&update.id, RUN_NAME, name)]).await?;
    }
    runs::find(tx, &update.id).await?.ok_or_else(|| Error::RunNotFound(update.id.clone()))
}

/// The run, which nobody else may change before this transaction ends.
///
/// # Errors
/// [`Error::RunNotFound`], and [`Error::RunNotActive`] for a deleted run.
pub(crate) async fn find_active(tx: &mut Tx, id: &RunId) -> Result<RunInfo> {
    let run = runs::find_for_update(tx, id).await?.ok_or_else(|| Error::RunNotFound(id.clone()))?;
    match run.lifecycle {
        Lifecycle::Active => Ok(run),
        Lifecycle::Deleted => Err(Error::RunNotActive(id.clone())),
    }
}
