//! Artifacts as files below one folder.

mod delete;
mod list;
mod measure;
mod read;
mod resolve;
mod upload;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::StoreError;
use crate::model::artifact_path::ArtifactPath;

/// A folder whose files are artifacts. Cloning it is cheap.
///
/// No operation follows a symbolic link out of the folder. Paths are resolved right before they are used; who can
/// swap a folder for a link in between has write access to the disk and needs no trick.
#[derive(Debug, Clone)]
pub(crate) struct LocalStore {
    root: Arc<PathBuf>,
}

impl LocalStore {
    /// A store in `root`, which is made by the first upload.
    pub(crate) fn new(root: PathBuf) -> Self {
        LocalStore { root: Arc::new(root) }
    }

    /// Runs `work` on the thread pool that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        path: &ArtifactPath,
        work: fn(&Path, &ArtifactPath) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (root, on_pool) = (Arc::clone(&self.root), path.clone());
        let done = spawn_blocking(move || work(&root, &on_pool)).await;
        done.unwrap_or_else(|error| Err(StoreError::from_io(path.as_str(), error.into())))
    }
}

#[cfg(test)]
mod tests;
