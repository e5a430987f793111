//! Setting and deleting tags of a registered model.

use forebay_db::Tx;

use crate::model::event::Event;
use crate::model::name::ModelName;
use crate::model::registered_model::{DeleteModelTag, SetModelTag};
use crate::moment::Moment;
use crate::sql::{registered_model_tags, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Sets a tag, replacing its value.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`].
    pub(crate) async fn set_registered_model_tag(&self, req: SetModelTag, moment: Moment) -> Result<()> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(set(tx, req, moment))).await
    }

    /// Deletes a tag; one that is not there is no error.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`].
    pub(crate) async fn delete_registered_model_tag(
        &self,
        req: DeleteModelTag,
        moment: Moment,
    ) -> Result<()> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(delete(tx, req, moment))).await
    }
}

async fn set(tx: &mut Tx, req: &SetModelTag, moment: &Moment) -> Result<()> {
    hold(tx, &req.name).await?;
    let name = req.name.as_str();
    registered_model_tags::upsert(tx, name, std::slice::from_ref(&req.tag)).await?;
    let event = |of| Event::model_tag_set(of, name.to_owned(), req.tag.clone());
    Ok(moment.record_of(tx, name, event).await?)
}

async fn delete(tx: &mut Tx, req: &DeleteModelTag, moment: &Moment) -> Result<()> {
    hold(tx, &req.name).await?;
    let name = req.name.as_str();
    registered_model_tags::delete(tx, name, &req.key).await?;
    let event = |of| Event::model_tag_deleted(of, name.to_owned(), req.key.clone());
    Ok(moment.record_of(tx, name, event).await?)
}

/// Makes sure that a model exists until the transaction ends.
async fn hold(tx: &mut Tx, name: &ModelName) -> Result<()> {
    if registered_models::lock(tx, name.as_str()).await? {
        return Ok(());
    }
    Err(Error::ModelNotFound(name.as_str().to_owned()))
}
