//! Opening a file to read it.

use std::fs::File;
use std::path::Path;

use super::LocalStore;
use super::resolve::resolve;
use crate::artifacts::StoreError;
use crate::artifacts::store::{Content, OpenArtifact};
use crate::artifacts::traffic::Meter;
use crate::model::artifact_path::ArtifactPath;

impl LocalStore {
    /// Opens a file.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::IsFolder`] for a folder.
    pub(crate) async fn open(&self, path: &ArtifactPath) -> Result<OpenArtifact, StoreError> {
        self.blocking(path, open).await
    }
}

fn open(root: &Path, path: &ArtifactPath) -> Result<OpenArtifact, StoreError> {
    let failed = |error| StoreError::from_io(path.as_str(), error);
    let not_found = || StoreError::NotFound(path.as_str().to_owned());
    let Some(real) = resolve(root, path)?.existing() else {
        // The folder of a run that has no artifacts yet is a folder all the same.
        let is_root = path.file_name().is_none();
        return Err(if is_root { StoreError::IsFolder(path.as_str().to_owned()) } else { not_found() });
    };
    let metadata = real.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(StoreError::IsFolder(path.as_str().to_owned()));
    }
    // Opening a pipe would wait for its writer.
    if !metadata.is_file() {
        return Err(not_found());
    }
    let file = File::open(real).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    Ok(OpenArtifact {
        content: Content::File(file.into()),
        size_bytes: metadata.len(),
        modified: metadata.modified().map_err(failed)?,
        etag: None,
        name: path.file_name().unwrap_or_default().to_owned(),
        meter: Meter::default(),
    })
}
