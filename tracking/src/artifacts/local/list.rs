//! Listing a folder.

use std::fs::{self, DirEntry};
use std::path::Path;
use std::time::Duration;

use super::LocalStore;
use super::resolve::{follow, resolve};
use crate::artifacts::StoreError;
use crate::model::artifact::Entry;
use crate::model::artifact_path::{ArtifactPath, UPLOADING_PREFIX};

/// How long nothing was written to an upload that nobody is at any more: its process was killed.
const ABANDONED: Duration = Duration::from_hours(24);

impl LocalStore {
    /// The files and folders in a folder, in the order of their names' bytes; none when it is not a folder.
    ///
    /// What uploads of killed processes left in it is deleted on the way.
    ///
    /// Links that lead out of the store, and files that are neither plain nor folders, are left out.
    pub(crate) async fn list(&self, folder: &ArtifactPath) -> Result<Vec<Entry>, StoreError> {
        self.blocking(folder, list).await
    }
}

fn list(root: &Path, folder: &ArtifactPath) -> Result<Vec<Entry>, StoreError> {
    let failed = |error| StoreError::from_io(folder.as_str(), error);
    let Some(real) = resolve(root, folder)?.existing().filter(|real| real.is_dir()) else {
        return Ok(Vec::new());
    };
    let real_root = fs::canonicalize(root).map_err(failed)?;
    let mut entries = Vec::new();
    for found in fs::read_dir(real).map_err(failed)? {
        entries.extend(entry(&real_root, &found.map_err(failed)?));
    }
    entries.sort_unstable();
    Ok(entries)
}

fn entry(real_root: &Path, found: &DirEntry) -> Option<Entry> {
    let name = found.file_name().to_string_lossy().into_owned();
    if name.starts_with(UPLOADING_PREFIX) {
        sweep(found);
        return None;
    }
    let is_link = found.file_type().ok()?.is_symlink();
    let real = if is_link { follow(real_root, &found.path()).ok()? } else { found.path() };
    // What another request deletes meanwhile is simply not listed.
    let metadata = fs::metadata(real).ok()?;
    let size_bytes = metadata.is_file().then_some(metadata.len());
    (metadata.is_dir() || metadata.is_file()).then_some(Entry { name, size_bytes })
}

/// Deletes an upload that was abandoned. A failure is none of whom the listing is for.
fn sweep(upload: &DirEntry) {
    let modified = upload.metadata().and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    if age.is_some_and(|age| age > ABANDONED) {
        let _ = fs::remove_file(upload.path());
    }
}
