//! Describing a version anew.

use forebay_db::Tx;

use super::get::get;
use crate::model::model_version::{ModelVersion, UpdateModelVersion};
use crate::moment::Moment;
use crate::sql::model_versions;
use crate::{Error, Registry, Result};

impl Registry {
    /// Replaces the description of a version.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn update_model_version(
        &self,
        req: UpdateModelVersion,
        moment: Moment,
    ) -> Result<ModelVersion> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(update(tx, req, moment))).await
    }
}

async fn update(tx: &mut Tx, req: &UpdateModelVersion, moment: &Moment) -> Result<ModelVersion> {
    let description = req.description.as_deref();
    match model_versions::set_description(tx, &req.key, description, moment.now_ms).await? {
        0 => Err(Error::VersionNotFound(req.key.clone())),
        _ => get(tx, &req.key).await,
    }
}
