//! Logging metrics, params and tags: the hot path. Batches that wait together are written together.

use forebay_core::invalid::Invalid;
use forebay_db as db;
use forebay_db::{BoxFuture, Engine, Merge, Tx};

use super::create::NAME_COLUMN;
use super::log_plan::{Known, Plan};
use crate::model::log_batch::LogBatch;
use crate::model::tag::RUN_NAME;
use crate::model::text;
use crate::sql::runs::Lock;
use crate::{Error, Result, Tracking};

/// PostgreSQL's columns, in characters.
const DATASET_NAME_COLUMN: usize = 500;
const DATASET_DIGEST_COLUMN: usize = 36;

impl Tracking {
    /// Logs all of the batch or nothing.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], [`Error::RunNotActive`], [`Error::ParamChanged`], [`Error::ParamsChanged`],
    /// [`Error::ModelOfMetricNotFound`], [`Error::ModelMetricChanged`].
    pub(crate) async fn log_batch(&self, batch: LogBatch) -> Result<()> {
        if self.db.engine() == Engine::Postgres {
            check_columns(&batch)?;
        }
        self.db.merge(batch).await
    }
}

/// Refuses what PostgreSQL's columns would; SQLite and MLflow on it take any length.
fn check_columns(batch: &LogBatch) -> Result<(), Invalid> {
    for tag in batch.tags.iter().filter(|tag| tag.key == RUN_NAME) {
        text::check_column(RUN_NAME, NAME_COLUMN, &tag.value)?;
    }
    let links = batch.metrics.iter().filter_map(|metric| metric.model.as_ref());
    for (name, digest) in links.filter_map(|link| link.dataset.as_ref()) {
        text::check_column("dataset_name", DATASET_NAME_COLUMN, name)?;
        text::check_column("dataset_digest", DATASET_DIGEST_COLUMN, digest)?;
    }
    Ok(())
}

impl Merge for LogBatch {
    type Reply = ();
    type Error = Error;

    fn weight(&self) -> usize {
        1 + self.metrics.len() + self.params.len() + self.tags.len()
    }

    fn apply<'a>(tx: &'a mut Tx, members: &'a [Self]) -> BoxFuture<'a, Result<Vec<Result<()>>, db::Error>> {
        Box::pin(apply(tx, members))
    }
}

async fn apply(tx: &mut Tx, batches: &[LogBatch]) -> Result<Vec<Result<()>>, db::Error> {
    let known = Known::load(tx, batches, lock(batches)).await?;
    let mut plan = Plan::new(&known);
    let mut results: Vec<Result<()>> = batches.iter().map(|batch| plan.admit(batch)).collect();
    if plan.write(tx).await? {
        return Ok(results);
    }
    // Somebody else inserted a param or a model's point between our look and our insert, which can happen on
    // PostgreSQL alone. There a batch comes alone, so an error takes back all that was written above.
    let known = Known::load(tx, batches, Lock::Shared).await?;
    let plan = Plan::new(&known);
    for (batch, result) in batches.iter().zip(&mut results).filter(|(_, result)| result.is_ok()) {
        *result = plan.check(batch).map(drop);
    }
    Ok(results)
}

/// A new name changes the row of the run; everything else only refers to it.
fn lock(batches: &[LogBatch]) -> Lock {
    let renames = batches.iter().flat_map(|batch| &batch.tags).any(|tag| tag.key == RUN_NAME);
    if renames { Lock::Exclusive } else { Lock::Shared }
}

#[cfg(test)]
mod tests;
