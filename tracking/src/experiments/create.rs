//! Creating an experiment, and the one that is always there.

use forebay_db::{Engine, Tx};

use crate::model::experiment::{ExperimentId, ExperimentName, NewExperiment};
use crate::model::location::{self, ArtifactLocation};
use crate::model::text;
use crate::sql::{experiment_tags, experiments};
use crate::{Error, Result, Tracking};

/// PostgreSQL's columns `name` and `artifact_location`, in characters; SQLite enforces no length.
const NAME_AND_LOCATION_COLUMN: usize = 256;

impl Tracking {
    /// Creates an experiment under a free name.
    ///
    /// # Errors
    /// [`Error::ExperimentExists`] when an active or deleted experiment has the name.
    pub(crate) async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.check_experiment_name(&new.name)?;
        self.check_location(new.artifact_location.as_ref())?;
        let input = (new, self.config.artifact_root.clone(), self.clock.now_ms());
        self.db
            .write(input, |tx, (new, root, now_ms)| {
                Box::pin(async move { create(tx, new, root, *now_ms).await })
            })
            .await
    }
}

async fn create(tx: &mut Tx, new: &NewExperiment, root: &str, now_ms: i64) -> Result<ExperimentId> {
    let name = new.name.as_str();
    if experiments::find_by_name(tx, name).await?.is_some() {
        return Err(Error::ExperimentExists(name.to_owned()));
    }
    let location = new.artifact_location.as_ref().map(ArtifactLocation::as_str);
    let inserted = experiments::insert(tx, name, location, now_ms).await;
    let id = match inserted {
        Err(error) if error.is_duplicate() => return Err(Error::ExperimentExists(name.to_owned())),
        inserted => inserted?,
    };
    if location.is_none() {
        experiments::set_location(tx, id, &location::join(root, &id.to_string())).await?;
    }
    experiment_tags::insert(tx, id, &new.tags).await?;
    Ok(id)
}

impl Tracking {
    /// Refuses a name that PostgreSQL's column would.
    pub(crate) fn check_experiment_name(&self, name: &ExperimentName) -> Result<()> {
        if self.db.engine() == Engine::Postgres {
            text::check_column("name", NAME_AND_LOCATION_COLUMN, name.as_str())?;
        }
        Ok(())
    }

    fn check_location(&self, location: Option<&ArtifactLocation>) -> Result<()> {
        if let (Engine::Postgres, Some(location)) = (self.db.engine(), location) {
            text::check_column("artifact_location", NAME_AND_LOCATION_COLUMN, location.as_str())?;
        }
        Ok(())
    }

    /// Creates the experiment "Default" with id 0 in a database that has no experiment at all.
    pub(crate) async fn ensure_default_experiment(&self) -> Result<()> {
        let default = ExperimentId::DEFAULT.to_string();
        let input = (location::join(&self.config.artifact_root, &default), self.clock.now_ms());
        self.db
            .write(input, |tx, (location, now_ms)| {
                Box::pin(async move { Ok(experiments::insert_default(tx, location, *now_ms).await?) })
            })
            .await
    }
}
