//! Moving a version to another stage.

use forebay_db::Tx;

use super::get::get;
use crate::model::model_version::{Existing, ModelVersion, TransitionStage};
use crate::moment::Moment;
use crate::sql::{model_versions, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Moves a version to a stage and, if asked to, those that are in it to the archive.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn transition_stage(
        &self,
        req: TransitionStage,
        moment: Moment,
    ) -> Result<ModelVersion> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(transition(tx, req, moment))).await
    }
}

async fn transition(tx: &mut Tx, req: &TransitionStage, moment: &Moment) -> Result<ModelVersion> {
    let TransitionStage { key, stage, existing } = req;
    registered_models::touch(tx, &key.name, moment.now_ms).await?;
    if *existing == Existing::Archive {
        model_versions::archive_others(tx, key, *stage, moment.now_ms).await?;
    }
    match model_versions::set_stage(tx, key, *stage, moment.now_ms).await? {
        0 => Err(Error::VersionNotFound(key.clone())),
        _ => get(tx, key).await,
    }
}
