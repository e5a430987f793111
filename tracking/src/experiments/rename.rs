//! Renaming an experiment.

use forebay_db::Tx;

use crate::model::experiment::RenameExperiment;
use crate::model::lifecycle::Lifecycle;
use crate::sql::experiments;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Gives an active experiment a free name.
    ///
    /// # Errors
    /// [`Error::NameTaken`] when another experiment, active or deleted, has the name;
    /// [`Error::RenameOfDeletedExperiment`].
    pub(crate) async fn rename_experiment(&self, rename: RenameExperiment) -> Result<()> {
        let input = (rename, self.clock.now_ms());
        self.db
            .write(input, |tx, (req, now_ms)| Box::pin(async move { rename_in(tx, req, *now_ms).await }))
            .await
    }
}

async fn rename_in(tx: &mut Tx, req: &RenameExperiment, now_ms: i64) -> Result<()> {
    let found = experiments::find_locked(tx, req.id).await?.ok_or(Error::ExperimentNotFound(req.id))?;
    if found.lifecycle != Lifecycle::Active {
        return Err(Error::RenameOfDeletedExperiment(req.id));
    }
    let name = req.name.as_str();
    if experiments::find_by_name(tx, name).await?.is_some_and(|other| other.id != req.id) {
        return Err(Error::NameTaken(name.to_owned()));
    }
    match experiments::rename(tx, req.id, name, now_ms).await {
        Err(error) if error.is_duplicate() => Err(Error::NameTaken(name.to_owned())),
        result => Ok(result.map(drop)?),
    }
}
