//! Getting one version, and where its files are.

use forebay_db::Tx;

use crate::model::model_version::ModelVersion;
use crate::model::name::VersionKey;
use crate::sql::model_versions;
use crate::{Error, Registry, Result};

impl Registry {
    /// The version with its tags and aliases.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn get_model_version(&self, key: &VersionKey) -> Result<ModelVersion> {
        get(&mut self.db.read_once().await?, key).await
    }

    /// The URI of the folder with the files of a version; empty where nobody said.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn get_download_uri(&self, key: &VersionKey) -> Result<String> {
        let mut tx = self.db.read_once().await?;
        let location = model_versions::find_location(&mut tx, key).await?;
        location.ok_or_else(|| Error::VersionNotFound(key.clone()))
    }
}

/// The version with its tags and aliases.
pub(crate) async fn get(tx: &mut Tx, key: &VersionKey) -> Result<ModelVersion> {
    model_versions::find(tx, key).await?.ok_or_else(|| Error::VersionNotFound(key.clone()))
}
