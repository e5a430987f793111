//! The highest version of a model in each of some stages.

use crate::model::model_version::ModelVersion;
use crate::model::registered_model::GetLatestVersions;
use crate::sql::model_versions::{self, Aliases};
use crate::sql::registered_models;
use crate::{Error, Registry, Result};

impl Registry {
    /// At most one version for each stage.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`].
    pub(crate) async fn get_latest_versions(&self, req: &GetLatestVersions) -> Result<Vec<ModelVersion>> {
        let mut tx = self.db.read().await?;
        let name = req.name.as_str().to_owned();
        if !registered_models::exists(&mut tx, &name).await? {
            return Err(Error::ModelNotFound(name));
        }
        let mut latest = model_versions::list_latest(&mut tx, &[name], Aliases::Told).await?;
        latest.retain(|version| {
            req.stages.iter().any(|stage| version.stage.as_deref() == Some(stage.as_str()))
        });
        Ok(latest)
    }
}
