//! Letting an alias stand for a version.

use forebay_db::Tx;

use crate::model::alias::SetAlias;
use crate::sql::{model_versions, registered_model_aliases, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Lets an alias stand for a version, whatever it stood for.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn set_alias(&self, req: SetAlias) -> Result<()> {
        self.db.write(req, |tx, req| Box::pin(set(tx, req))).await
    }
}

async fn set(tx: &mut Tx, req: &SetAlias) -> Result<()> {
    registered_models::find_locked(tx, &req.version.name).await?;
    if model_versions::find(tx, &req.version).await?.is_none() {
        return Err(Error::VersionNotFound(req.version.clone()));
    }
    registered_model_aliases::upsert(tx, &req.alias, &req.version).await?;
    Ok(())
}
