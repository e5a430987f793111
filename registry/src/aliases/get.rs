//! The version that an alias stands for.

use forebay_db::Tx;

use crate::model::alias::AliasKey;
use crate::model::model_version::ModelVersion;
use crate::model::name::VersionKey;
use crate::model_versions::get::get;
use crate::sql::{model_versions, registered_model_aliases, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// The version that an alias stands for; `latest` stands for the one with the highest number.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`], [`Error::AliasNotFound`] and [`Error::NoLatestVersion`].
    pub(crate) async fn get_by_alias(&self, req: AliasKey) -> Result<ModelVersion> {
        if !req.is_latest()
            && let Some(version) =
                model_versions::find_by_alias(&mut self.db.read_once().await?, &req).await?
        {
            return Ok(version);
        }
        let mut tx = self.db.read().await?;
        let name = req.name.clone();
        let version = number_of(&mut tx, req).await?;
        get(&mut tx, &VersionKey { name, version }).await
    }
}

/// The number that an alias stands for.
pub(crate) async fn number_of(tx: &mut Tx, key: AliasKey) -> Result<i64> {
    let number = if key.is_latest() {
        model_versions::find_highest(tx, &key.name).await?
    } else {
        registered_model_aliases::find(tx, &key.name, &key.alias).await?
    };
    match number {
        Some(number) => Ok(number),
        None if !registered_models::exists(tx, &key.name).await? => Err(Error::ModelNotFound(key.name)),
        None if key.is_latest() => Err(Error::NoLatestVersion(key.name)),
        None => Err(Error::AliasNotFound(key.alias)),
    }
}
