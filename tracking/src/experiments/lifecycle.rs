//! Deleting and restoring an experiment, and with it its runs.

use forebay_db::Tx;

use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;
use crate::sql::{claims, experiments, runs};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Marks an active experiment and all its runs deleted.
    pub(crate) async fn delete_experiment(&self, id: ExperimentId) -> Result<()> {
        self.move_experiment(id, Lifecycle::Deleted).await
    }

    /// Makes a deleted experiment and all its runs active again, but those that are being deleted for good.
    pub(crate) async fn restore_experiment(&self, id: ExperimentId) -> Result<()> {
        self.move_experiment(id, Lifecycle::Active).await
    }

    async fn move_experiment(&self, id: ExperimentId, to: Lifecycle) -> Result<()> {
        let input = (id, to, self.clock.now_ms());
        self.db.write(input, |tx, (id, to, now_ms)| Box::pin(move_to(tx, *id, *to, *now_ms))).await
    }
}

/// An experiment that is in the wanted stage already counts as missing, as in MLflow.
async fn move_to(tx: &mut Tx, id: ExperimentId, to: Lifecycle, now_ms: i64) -> Result<()> {
    let found = experiments::find_locked(tx, id).await?.filter(|experiment| experiment.lifecycle != to);
    if found.is_none() {
        return Err(Error::ExperimentNotFound(id));
    }
    if to == Lifecycle::Active && claims::has_experiment(tx, id).await? {
        return Err(Error::ExperimentBeingPurged(id));
    }
    experiments::set_lifecycle(tx, id, to, now_ms).await?;
    runs::set_lifecycle_of_experiment(tx, id, to, now_ms).await?;
    Ok(())
}
