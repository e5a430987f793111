//! Writing a file: all of it or nothing, and once acknowledged for good.
//!
//! The bytes go to a hidden file in the deepest folder that exists already. Only when all are there and on disk
//! are missing folders made and the file renamed, so an upload that breaks off leaves nothing behind.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tempfile::TempPath;
use tokio::io::{AsyncWriteExt, BufWriter};

use super::LocalStore;
use super::resolve::{Resolved, resolve};
use crate::artifacts::StoreError;
use crate::artifacts::store::{CHUNK_BYTES, broken_upload};
use crate::model::artifact_path::{ArtifactPath, NewArtifact, UPLOADING_PREFIX};

impl LocalStore {
    /// Stores a file, over one that may be there; after `Ok` it survives a power cut.
    ///
    /// `bytes` is drawn as fast as the disk takes it; an error in it leaves the store as it was.
    pub(crate) async fn upload<E: std::fmt::Display>(
        &self,
        artifact: &NewArtifact,
        bytes: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<(), StoreError> {
        let path = artifact.path();
        let (file, hidden) = self.blocking(path, create_hidden).await?;
        let file = write(path, file, bytes).await?;
        let (root, on_pool) = (self.root.clone(), path.clone());
        let done = tokio::task::spawn_blocking(move || publish(&root, &on_pool, &file, hidden)).await;
        done.unwrap_or_else(|error| Err(StoreError::from_io(path.as_str(), error.into())))
    }
}

/// A new file that nobody lists, on the file system where `path` will be; it goes when its path is dropped.
fn create_hidden(root: &Path, path: &ArtifactPath) -> Result<(File, TempPath), StoreError> {
    let failed = |error| StoreError::from_write(path.as_str(), error);
    fs::create_dir_all(root).map_err(StoreError::without_folder)?;
    let target = resolve(root, path)?;
    let folder = match &target {
        Resolved::Missing { folder, .. } => Some(folder.as_path()).filter(|folder| folder.is_dir()),
        Resolved::Existing(real) if real.is_dir() => {
            return Err(StoreError::IsFolder(path.as_str().to_owned()));
        }
        Resolved::Existing(real) => real.parent(),
        Resolved::ThroughFile => None,
    };
    let folder = folder.ok_or_else(|| StoreError::ThroughFile(path.as_str().to_owned()))?;
    // As `open` would make it: readable for whom the operator's umask says.
    let permissions = Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    let hidden =
        builder.prefix(UPLOADING_PREFIX).permissions(permissions).tempfile_in(folder).map_err(failed)?;
    Ok(hidden.into_parts())
}

async fn write<E: std::fmt::Display>(
    path: &ArtifactPath,
    file: File,
    bytes: impl Stream<Item = Result<Bytes, E>>,
) -> Result<File, StoreError> {
    let failed = |error| StoreError::from_write(path.as_str(), error);
    let mut writer = BufWriter::with_capacity(CHUNK_BYTES, tokio::fs::File::from_std(file));
    let mut bytes = std::pin::pin!(bytes);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(|error| broken_upload(path, &error))?;
        writer.write_all(&chunk).await.map_err(failed)?;
    }
    writer.flush().await.map_err(failed)?;
    Ok(writer.into_inner().into_std().await)
}

fn publish(root: &Path, path: &ArtifactPath, file: &File, hidden: TempPath) -> Result<(), StoreError> {
    let failed = |error| StoreError::from_write(path.as_str(), error);
    file.sync_all().map_err(failed)?;
    // The tree may have changed during a long upload, so the path is resolved again.
    let real = match resolve(root, path)? {
        Resolved::Existing(real) => real,
        Resolved::Missing { folder, names } => make_folders(folder, &names).map_err(failed)?,
        Resolved::ThroughFile => return Err(StoreError::ThroughFile(path.as_str().to_owned())),
    };
    hidden.persist(&real).map_err(|error| failed(error.error))?;
    real.parent().map_or(Ok(()), sync_folder).map_err(failed)
}

/// Makes all but the last of `names` below `folder`, each on disk before the next, and returns the last's path.
fn make_folders(mut folder: PathBuf, names: &[String]) -> io::Result<PathBuf> {
    let (name, folders) = names.split_last().ok_or(io::ErrorKind::IsADirectory)?;
    for name in folders {
        let next = folder.join(name);
        match fs::create_dir(&next) {
            // Another upload made it first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && next.is_dir() => {}
            made => made?,
        }
        sync_folder(&folder)?;
        folder = next;
    }
    Ok(folder.join(name))
}

/// Puts the entries of a folder on disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
