//! Setting and deleting tags of a registered model.

use forebay_db::Tx;

use crate::model::name::ModelName;
use crate::model::registered_model::{DeleteModelTag, SetModelTag};
use crate::sql::{registered_model_tags, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Sets a tag, replacing its value.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`].
    pub(crate) async fn set_registered_model_tag(&self, req: SetModelTag) -> Result<()> {
        self.db.write(req, |tx, req| Box::pin(set(tx, req))).await
    }

    /// Deletes a tag; one that is not there is no error.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`].
    pub(crate) async fn delete_registered_model_tag(&self, req: DeleteModelTag) -> Result<()> {
        self.db.write(req, |tx, req| Box::pin(delete(tx, req))).await
    }
}

async fn set(tx: &mut Tx, req: &SetModelTag) -> Result<()> {
    hold(tx, &req.name).await?;
    Ok(registered_model_tags::upsert(tx, req.name.as_str(), std::slice::from_ref(&req.tag)).await?)
}

async fn delete(tx: &mut Tx, req: &DeleteModelTag) -> Result<()> {
    hold(tx, &req.name).await?;
    registered_model_tags::delete(tx, req.name.as_str(), &req.key).await?;
    Ok(())
}

/// Makes sure that a model exists until the transaction ends.
async fn hold(tx: &mut Tx, name: &ModelName) -> Result<()> {
    match registered_models::find_locked(tx, name.as_str()).await? {
        Some(_) => Ok(()),
        None => Err(Error::ModelNotFound(name.as_str().to_owned())),
    }
}
