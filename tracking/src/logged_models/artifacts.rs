//! The files beside a logged model that is not deleted.

use crate::artifacts::store::OpenArtifact;
use crate::model::artifact::Listing;
use crate::model::artifact_path::ArtifactPath;
use crate::model::logged_model::LoggedModelId;
use crate::sql::logged_models;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// The entries of a folder of a model; empty when it is not a folder.
    pub(crate) async fn list_model_artifacts(
        &self,
        id: &LoggedModelId,
        folder: ArtifactPath,
    ) -> Result<Listing> {
        let uri = self.artifact_uri_of_model(id).await?;
        self.list_artifacts(uri, folder).await
    }

    /// Opens a file of a model.
    pub(crate) async fn open_model_artifact(
        &self,
        id: &LoggedModelId,
        path: &ArtifactPath,
    ) -> Result<OpenArtifact> {
        let uri = self.artifact_uri_of_model(id).await?;
        self.open_artifact(&uri, path).await
    }

    /// Where the files of a model are.
    pub(crate) async fn artifact_uri_of_model(&self, id: &LoggedModelId) -> Result<String> {
        let mut tx = self.db.read().await?;
        let uri = logged_models::find_artifact_location(&mut tx, id).await?;
        uri.ok_or_else(|| Error::LoggedModelNotFound(id.clone()))
    }
}
