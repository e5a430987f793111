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

    /// The experiment with that name, active or deleted.
    pub(crate) async fn get_experiment_by_name(&self, name: String) -> Result<Experiment> {
        let mut tx = self.db.read().await?;
        let found = experiments::find_by_name(&mut tx, &name).await?;
        let mut experiment = found.ok_or(Error::NoExperimentNamed(name))?;
        experiment.tags = experiment_tags::list(&mut tx, experiment.id).await?;
        Ok(experiment)
    }
}
