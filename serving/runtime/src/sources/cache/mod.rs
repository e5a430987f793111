//! Models on disk, each downloaded once.
//!
//! What is cached is a listing: the place of a folder with the sizes and etags of its files ([`key`]). Where a store tells
//! no etags, the content of `MLmodel` stands for them, which has a fresh id whenever a model is logged. Below the
//! cache's root, a key has up to three names:
//!
//! - `<key>/`: `files/` with the model, and `SHA256SUMS`, by which every file is checked when it is taken (and which
//!   `sha256sum -c` understands). It appears by a rename, with everything in it.
//! - `<key>.partial/`: what a download has so far, which the next one goes on with ([`filling`]).
//! - `<key>.lock`: held by the process that looks or downloads ([`lock`]).
//!
//! What URIs of a registry stood for last is in `<key>.json`, by a key of their own ([`memory`]).

mod key;
mod lock;
mod sums;
mod filling;
mod memory;
pub(crate) mod progress;

use std::path::{Path, PathBuf};

use self::filling::Filling;
use self::lock::Turns;
use self::memory::Memory;
use self::progress::Progress;
use super::error::{SourceError, disk};
use super::files::{ModelFile, ModelFiles, listing};
use super::registry::Identity;

/// The folder in an entry that holds the model.
const FILES: &str = "files";

/// A folder of models.
#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
    turns: Turns,
}

impl Cache {
    /// The cache in a folder, which is made when something is cached.
    pub fn at(root: PathBuf) -> Self {
        Cache { root, turns: Turns::default() }
    }

    /// Where the cache is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder on this machine with those files: from the cache, if they are there unchanged, and else downloaded.
    pub async fn folder_of(
        &self,
        files: &dyn ModelFiles,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<PathBuf, SourceError> {
        let listed = listing(files).await?;
        let key = key::of(files, &listed).await?;
        tokio::fs::create_dir_all(&self.root).await.map_err(disk(&self.root))?;
        let _turn = self.turns.take(&key, &self.root.join(format!("{key}.lock"))).await?;
        let entry = self.root.join(&key);
        if is_whole(&entry, &listed).await? {
            return Ok(entry.join(FILES));
        }
        let filling = Filling { files, folder: self.root.join(format!("{key}.partial")), listed: &listed };
        filling.run(progress).await?;
        discard(&entry, &self.root.join(format!("{key}.old"))).await?;
        tokio::fs::rename(&filling.folder, &entry).await.map_err(disk(&entry))?;
        Ok(entry.join(FILES))
    }

    /// Remembers which model a URI of a registry stands for; its folder is one that this cache gave.
    pub(crate) async fn remember(
        &self,
        registry: &str,
        identity: &Identity,
        folder: &Path,
    ) -> Result<(), SourceError> {
        let entry = folder.parent().and_then(Path::file_name).unwrap_or_default();
        let memory = Memory { entry: entry.to_string_lossy().into_owned(), identity: identity.clone() };
        let key = memory::key(registry, &identity.uri);
        let _turn = self.turns.take(&key, &self.root.join(format!("{key}.lock"))).await?;
        memory.write(&self.root, &key).await
    }

    /// What a URI of a registry stood for last, if all of its files are here.
    pub(crate) async fn recall(
        &self,
        registry: &str,
        uri: &str,
    ) -> Result<Option<(Identity, PathBuf)>, SourceError> {
        let Some(memory) = Memory::read(&self.root, &memory::key(registry, uri)).await else {
            return Ok(None);
        };
        let entry = self.root.join(&memory.entry);
        let _turn = self.turns.take(&memory.entry, &self.root.join(format!("{}.lock", memory.entry))).await?;
        let Ok(listed) = sums::listed(&entry).await else { return Ok(None) };
        let is_whole = is_whole(&entry, &listed).await?;
        Ok(is_whole.then(|| (memory.identity, entry.join(FILES))))
    }
}

/// Whether an entry holds what was downloaded, all of it and unchanged.
async fn is_whole(entry: &Path, listed: &[ModelFile]) -> Result<bool, SourceError> {
    if !tokio::fs::try_exists(entry).await.map_err(disk(entry))? {
        return Ok(false);
    }
    match sums::check(entry, listed).await {
        Ok(()) => Ok(true),
        Err(reason) => {
            tracing::warn!("{} is not used: {reason}", entry.display());
            Ok(false)
        }
    }
}

/// Takes away an entry that is not to be used, out of the way at once.
async fn discard(entry: &Path, aside: &Path) -> Result<(), SourceError> {
    for path in [aside, entry] {
        if !tokio::fs::try_exists(path).await.map_err(disk(path))? {
            continue;
        }
        if path == entry {
            tokio::fs::rename(entry, aside).await.map_err(disk(entry))?;
        }
        tokio::fs::remove_dir_all(aside).await.map_err(disk(aside))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
