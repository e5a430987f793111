//! Moving a version to another stage.

use forebay_db::Tx;

use super::get::get;
use crate::model::model_version::{Existing, ModelVersion, TransitionStage};
use crate::sql::{model_versions, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Moves a version to a stage and, if asked to, those that are in it to the archive.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn transition_stage(&self, req: TransitionStage) -> Result<ModelVersion> {
        let input = (req, self.now_ms());
        self.db.write(input, |tx, (req, now_ms)| Box::pin(transition(tx, req, *now_ms))).await
    }
}

async fn transition(tx: &mut Tx, req: &TransitionStage, now_ms: i64) -> Result<ModelVersion> {
    let TransitionStage { key, stage, existing } = req;
    registered_models::touch(tx, &key.name, now_ms).await?;
    if *existing == Existing::Archive {
        model_versions::archive_others(tx, key, *stage, now_ms).await?;
    }
    match model_versions::set_stage(tx, key, *stage, now_ms).await? {
        0 => Err(Error::VersionNotFound(key.clone())),
        _ => get(tx, key).await,
    }
}
