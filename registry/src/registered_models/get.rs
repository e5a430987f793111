//! Getting one registered model.

use super::hydrate;
use crate::model::name::ModelName;
use crate::model::registered_model::RegisteredModel;
use crate::{Registry, Result};

impl Registry {
    /// The model with that name and all that belongs to it.
    ///
    /// # Errors
    /// [`crate::Error::ModelNotFound`].
    pub(crate) async fn get_registered_model(&self, name: &ModelName) -> Result<RegisteredModel> {
        hydrate::get(&mut self.db.read().await?, name.as_str()).await
    }
}
