//! Logging metrics, params and tags: the hot path. Batches that wait together are written together.

use forebay_db as db;
use forebay_db::{BoxFuture, Merge, Tx};

use super::log_plan::{Known, Plan};
use crate::model::log_batch::LogBatch;
use crate::model::tag::RUN_NAME;
use crate::sql::runs::Lock;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Logs all of the batch or nothing.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], [`Error::RunNotActive`], [`Error::ParamChanged`], [`Error::ParamsChanged`],
    /// [`Error::ModelOfMetricNotFound`], [`Error::ModelMetricChanged`].
    pub(crate) async fn log_batch(&self, batch: LogBatch) -> Result<()> {
        self.db.merge(batch).await
    }
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
