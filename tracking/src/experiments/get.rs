//! Reading one experiment.

use crate::model::experiment::{Experiment, ExperimentId};
use crate::sql::{experiment_tags, experiments};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// The experiment with that id, active or deleted.
    pub(crate) async fn get_experiment(&self, id: ExperimentId) -> Result<Experiment> {
        let mut tx = self.db.read().await?;
        let mut experiment = experiments::find(&mut tx, id).await?.ok_or(Error::ExperimentNotFound(id))?;
        experiment.tags = experiment_tags::list(&mut tx, id).await?;
        Ok(experiment)
    }
}
