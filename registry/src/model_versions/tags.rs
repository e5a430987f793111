//! Setting and deleting tags of a version.

use forebay_db::Tx;

use crate::model::model_version::{DeleteVersionTag, SetVersionTag};
use crate::model::name::VersionKey;
use crate::sql::{model_version_tags, model_versions, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Sets a tag, replacing its value.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn set_model_version_tag(&self, req: SetVersionTag) -> Result<()> {
        self.db.write(req, |tx, req| Box::pin(set(tx, req))).await
    }

    /// Deletes a tag; one that is not there is no error.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn delete_model_version_tag(&self, req: DeleteVersionTag) -> Result<()> {
        self.db.write(req, |tx, req| Box::pin(delete(tx, req))).await
    }
}

async fn set(tx: &mut Tx, req: &SetVersionTag) -> Result<()> {
    hold(tx, &req.key).await?;
    Ok(model_version_tags::upsert(tx, &req.key, std::slice::from_ref(&req.tag)).await?)
}

async fn delete(tx: &mut Tx, req: &DeleteVersionTag) -> Result<()> {
    hold(tx, &req.key).await?;
    model_version_tags::delete(tx, &req.key, &req.tag_key).await?;
    Ok(())
}

/// Makes sure that a version exists until the transaction ends.
async fn hold(tx: &mut Tx, key: &VersionKey) -> Result<()> {
    registered_models::find_locked(tx, &key.name).await?;
    match model_versions::find(tx, key).await? {
        Some(_) => Ok(()),
        None => Err(Error::VersionNotFound(key.clone())),
    }
}
