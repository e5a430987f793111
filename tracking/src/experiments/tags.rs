//! Setting and deleting tags of an experiment.

use forebay_db::Tx;

use crate::model::experiment::{DeleteExperimentTag, ExperimentId, SetExperimentTag};
use crate::model::lifecycle::Lifecycle;
use crate::sql::{experiment_tags, experiments};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Sets a tag on an active experiment, replacing its value.
    pub(crate) async fn set_experiment_tag(&self, req: SetExperimentTag) -> Result<()> {
        self.db
            .write(req, |tx, req| {
                Box::pin(async move {
                    check_active(tx, req.id).await?;
                    experiment_tags::upsert(tx, req.id, &req.tag).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Deletes a tag of an active experiment.
    ///
    /// # Errors
    /// [`Error::ExperimentTagNotFound`] when there is no such tag.
    pub(crate) async fn delete_experiment_tag(&self, req: DeleteExperimentTag) -> Result<()> {
        self.db
            .write(req, |tx, req| {
                Box::pin(async move {
                    check_active(tx, req.id).await?;
                    match experiment_tags::delete(tx, req.id, &req.key).await? {
                        0 => Err(Error::ExperimentTagNotFound { key: req.key.clone(), id: req.id }),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }
}

async fn check_active(tx: &mut Tx, id: ExperimentId) -> Result<()> {
    let experiment = experiments::find_locked(tx, id).await?.ok_or(Error::ExperimentNotFound(id))?;
    match experiment.lifecycle {
        Lifecycle::Active => Ok(()),
        Lifecycle::Deleted => Err(Error::ExperimentNotActive(id)),
    }
}
