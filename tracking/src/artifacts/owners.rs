//! The artifacts of runs and logged models, found through the URI that each has stored.

use bytes::Bytes;

use super::StoreError;
use super::place::Place;
use super::store::OpenArtifact;
use crate::model::artifact::Listing;
use crate::model::artifact_path::{ArtifactPath, NewArtifact};
use crate::model::run::RunId;
use crate::sql::runs;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// The entries of a folder of a run; empty when it is not a folder.
    pub(crate) async fn list_run_artifacts(&self, run: &RunId, folder: ArtifactPath) -> Result<Listing> {
        let uri = self.artifact_uri_of_run(run).await?;
        self.list_artifacts(uri, folder).await
    }

    /// Opens a file of a run.
    pub(crate) async fn open_run_artifact(&self, run: &RunId, path: &ArtifactPath) -> Result<OpenArtifact> {
        let uri = self.artifact_uri_of_run(run).await?;
        self.open_artifact(&uri, path).await
    }

    /// Stores a file of a run.
    pub(crate) async fn upload_run_artifact(
        &self,
        run: &RunId,
        new: &NewArtifact,
        bytes: Bytes,
    ) -> Result<()> {
        let uri = self.artifact_uri_of_run(run).await?;
        Ok(self.place_of(&uri).await?.upload(new, bytes).await?)
    }

    /// The entries of a folder below `root_uri`, which a run or a logged model has stored.
    pub(crate) async fn list_artifacts(&self, root_uri: String, folder: ArtifactPath) -> Result<Listing> {
        let entries = self.place_of(&root_uri).await?.list(&folder).await?;
        Ok(Listing { root_uri, folder, entries })
    }

    /// Opens a file below `root_uri`, which a run or a logged model has stored.
    pub(crate) async fn open_artifact(&self, root_uri: &str, path: &ArtifactPath) -> Result<OpenArtifact> {
        Ok(self.place_of(root_uri).await?.open(path).await?)
    }

    pub(super) async fn artifact_uri_of_run(&self, run: &RunId) -> Result<String> {
        let mut tx = self.db.read().await?;
        let info = runs::find(&mut tx, run).await?.ok_or_else(|| Error::RunNotFound(run.clone()))?;
        Ok(info.artifact_uri.unwrap_or_default())
    }

    /// Where a stored URI leads.
    pub(crate) async fn place_of(&self, uri: &str) -> Result<Place, StoreError> {
        Ok(Place::of(uri, self.proxied_artifacts(), &self.buckets).await?.metered(&self.traffic))
    }
}
