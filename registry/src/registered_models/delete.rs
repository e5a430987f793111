//! Deleting a registered model with all that belongs to it.

use forebay_db::Tx;

use crate::model::name::ModelName;
use crate::moment::Moment;
use crate::policies::guard;
use crate::promotions::record;
use crate::sql::{
    model_version_tags, model_versions, promotion_policies, registered_model_aliases, registered_model_tags,
    registered_models,
};
use crate::{Error, Registry, Result};

impl Registry {
    /// Deletes a model, its versions, tags and aliases.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`].
    pub(crate) async fn delete_registered_model(&self, name: ModelName, moment: Moment) -> Result<()> {
        self.db.write((name, moment), |tx, (name, moment)| Box::pin(delete(tx, name.as_str(), moment))).await
    }
}

async fn delete(tx: &mut Tx, name: &str, moment: &Moment) -> Result<()> {
    promotion_policies::lock(tx).await?;
    if !registered_models::lock(tx, name).await? {
        return Err(Error::ModelNotFound(name.to_owned()));
    }
    guard::forget_model(tx, name, moment).await?;
    record::cancel_pending(tx, name, |_| true, "the model was deleted", moment).await?;
    // MLflow's foreign keys delete aliases along, and nothing else.
    registered_model_aliases::delete_all(tx, name).await?;
    model_version_tags::delete_all(tx, name).await?;
    model_versions::delete_all(tx, name).await?;
    registered_model_tags::delete_all(tx, name).await?;
    registered_models::delete(tx, name).await?;
    Ok(())
}
