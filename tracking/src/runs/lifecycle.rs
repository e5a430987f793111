//! Marking a run deleted, and taking the mark away. Both may be repeated.

use forebay_db::Tx;

use crate::model::lifecycle::Lifecycle;
use crate::model::run::RunId;
use crate::sql::{claims, runs};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Marks the run deleted from now on.
    pub(crate) async fn delete_run(&self, id: RunId) -> Result<()> {
        self.mark_run(id, Lifecycle::Deleted, Some(self.clock.now_ms())).await
    }

    /// Makes the run active, unless it is being deleted for good.
    pub(crate) async fn restore_run(&self, id: RunId) -> Result<()> {
        self.mark_run(id, Lifecycle::Active, None).await
    }

    async fn mark_run(&self, id: RunId, stage: Lifecycle, deleted_time_ms: Option<i64>) -> Result<()> {
        let input = (id, stage, deleted_time_ms);
        self.db.write(input, |tx, (id, stage, time)| Box::pin(mark(tx, id, *stage, *time))).await
    }
}

async fn mark(tx: &mut Tx, id: &RunId, stage: Lifecycle, deleted_time_ms: Option<i64>) -> Result<()> {
    if stage == Lifecycle::Active {
        runs::find_for_update(tx, id).await?;
        if claims::has_run(tx, id).await? {
            return Err(Error::RunBeingPurged(id.clone()));
        }
    }
    match runs::set_lifecycle(tx, id, stage, deleted_time_ms).await? {
        0 => Err(Error::RunNotFound(id.clone())),
        _ => Ok(()),
    }
}
