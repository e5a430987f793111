//! Renaming a registered model. Versions, tags and aliases follow.

use forebay_db::{Error as DbError, Tx};

use super::hydrate;
use crate::model::registered_model::{RegisteredModel, RenameRegisteredModel};
use crate::moment::Moment;
use crate::policies::guard;
use crate::promotions::record;
use crate::sql::{model_versions, promotion_policies, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Gives a model another name.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`], [`Error::NewNameTaken`], and [`Error::NameHasPolicy`] when the new name has a policy that
    /// the model has not passed.
    pub(crate) async fn rename_registered_model(
        &self,
        req: RenameRegisteredModel,
        moment: Moment,
    ) -> Result<RegisteredModel> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(rename(tx, req, moment))).await
    }
}

async fn rename(tx: &mut Tx, req: &RenameRegisteredModel, moment: &Moment) -> Result<RegisteredModel> {
    let (name, new_name) = (req.name.as_str(), req.new_name.as_str());
    promotion_policies::lock(tx).await?;
    if !registered_models::lock(tx, name).await? {
        return Err(Error::ModelNotFound(name.to_owned()));
    }
    if name != new_name && registered_models::exists(tx, new_name).await? {
        return Err(Error::NewNameTaken(new_name.to_owned()));
    }
    if name != new_name {
        guard::rename(tx, name, new_name, moment).await?;
        record::cancel_pending(tx, name, |_| true, "the model was renamed", moment).await?;
    }
    match registered_models::rename(tx, name, new_name, moment.now_ms).await {
        // Another transaction took the name in between.
        Err(DbError::Duplicate(_)) => return Err(Error::NewNameTaken(new_name.to_owned())),
        renamed => renamed?,
    };
    model_versions::touch_all(tx, new_name, moment.now_ms).await?;
    hydrate::get(tx, new_name).await
}
