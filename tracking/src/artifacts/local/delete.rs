//! Deleting a file, or a folder with all that is in it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::LocalStore;
use super::resolve::resolve;
use crate::artifacts::StoreError;
use crate::artifacts::store::store_itself;
use crate::model::artifact_path::ArtifactPath;

impl LocalStore {
    /// Deletes what is at `path`; nothing there is a success too.
    ///
    /// Links inside a deleted folder go, their targets stay; a path that goes through a link out of the store is
    /// refused, and so is the store as a whole.
    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<(), StoreError> {
        self.blocking(path, delete).await
    }

    /// Deletes the store as a whole. The root of the file system is refused.
    pub(crate) async fn purge(&self) -> Result<(), StoreError> {
        self.blocking(&ArtifactPath::default(), purge).await
    }
}

fn purge(root: &Path, path: &ArtifactPath) -> Result<(), StoreError> {
    let Some(real) = resolve(root, path)?.existing() else { return Ok(()) };
    if real.parent().is_none() {
        return Err(store_itself());
    }
    remove(&real, path)
}

fn delete(root: &Path, path: &ArtifactPath) -> Result<(), StoreError> {
    let Some(real) = resolve(root, path)?.existing() else { return Ok(()) };
    if fs::canonicalize(root).is_ok_and(|real_root| real == real_root) {
        return Err(store_itself());
    }
    remove(&real, path)
}

fn remove(real: &Path, path: &ArtifactPath) -> Result<(), StoreError> {
    let deleted = if real.is_dir() { fs::remove_dir_all(real) } else { fs::remove_file(real) };
    match deleted {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::from_io(path.as_str(), error)),
        _ => Ok(()),
    }
}
