//! Taking an alias away.

use forebay_db::Tx;

use crate::model::alias::AliasKey;
use crate::sql::{registered_model_aliases, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Deletes an alias; one that is not set is no error.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`].
    pub(crate) async fn delete_alias(&self, req: AliasKey) -> Result<()> {
        self.db.write(req, |tx, req| Box::pin(delete(tx, req))).await
    }
}

async fn delete(tx: &mut Tx, req: &AliasKey) -> Result<()> {
    if registered_models::find_locked(tx, &req.name).await?.is_none() {
        return Err(Error::ModelNotFound(req.name.clone()));
    }
    registered_model_aliases::delete(tx, &req.name, &req.alias).await?;
    Ok(())
}
