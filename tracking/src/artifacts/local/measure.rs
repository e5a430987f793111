//! How much a folder holds.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::LocalStore;
use super::resolve::resolve;
use crate::artifacts::StoreError;
use crate::artifacts::store::Extent;
use crate::model::artifact_path::ArtifactPath;

impl LocalStore {
    /// What deleting `path` would delete; links count as files.
    pub(crate) async fn measure(&self, path: &ArtifactPath) -> Result<Extent, StoreError> {
        self.blocking(path, measure).await
    }
}

fn measure(root: &Path, path: &ArtifactPath) -> Result<Extent, StoreError> {
    let failed = |error| StoreError::from_io(path.as_str(), error);
    let mut extent = Extent::default();
    let mut left: Vec<_> = resolve(root, path)?.existing().into_iter().collect();
    while let Some(found) = left.pop() {
        let metadata = match fs::symlink_metadata(&found) {
            Ok(metadata) => metadata,
            // Another request deleted it meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        if !metadata.is_dir() {
            extent.add(metadata.len());
            continue;
        }
        for entry in fs::read_dir(found).map_err(failed)? {
            left.push(entry.map_err(failed)?.path());
        }
    }
    Ok(extent)
}
