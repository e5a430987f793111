//! Describing a registered model anew.

use forebay_db::Tx;

use super::hydrate;
use crate::model::registered_model::{RegisteredModel, UpdateRegisteredModel};
use crate::moment::Moment;
use crate::sql::registered_models;
use crate::{Error, Registry, Result};

impl Registry {
    /// Replaces the description of a model.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`].
    pub(crate) async fn update_registered_model(
        &self,
        req: UpdateRegisteredModel,
        moment: Moment,
    ) -> Result<RegisteredModel> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(update(tx, req, moment))).await
    }
}

async fn update(tx: &mut Tx, req: &UpdateRegisteredModel, moment: &Moment) -> Result<RegisteredModel> {
    match registered_models::set_description(tx, &req.name, &req.description, moment.now_ms).await? {
        0 => Err(Error::ModelNotFound(req.name.as_str().to_owned())),
        _ => hydrate::get(tx, req.name.as_str()).await,
    }
}
