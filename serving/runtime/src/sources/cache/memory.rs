//! What a URI of a registry stood for when that answered last, and in which entry of the cache its files are: enough to start
//! while the registry is away.

use std::path::Path;

use forebay_core::hexadecimal::hexadecimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::sources::error::{SourceError, disk};
use crate::sources::registry::Identity;

/// What a URI stood for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Memory {
    /// The name of the entry.
    pub(super) entry: String,
    pub(super) identity: Identity,
}

/// A name for a URI of a registry, which fits a file system.
pub(super) fn key(registry: &str, uri: &str) -> String {
    let mut hash = Sha256::new();
    for part in ["uri", registry, uri] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hexadecimal(&hash.finalize())
}

impl Memory {
    /// Writes it, whole or not at all.
    pub(super) async fn write(&self, root: &Path, key: &str) -> Result<(), SourceError> {
        let (path, new) = (root.join(format!("{key}.json")), root.join(format!("{key}.json.new")));
        let text = serde_json::to_vec(self).map_err(|error| disk(&path)(error.into()))?;
        tokio::fs::write(&new, text).await.map_err(disk(&new))?;
        tokio::fs::rename(&new, &path).await.map_err(disk(&path))
    }

    /// Reads it; none where there is none that can be read.
    pub(super) async fn read(root: &Path, key: &str) -> Option<Self> {
        let text = tokio::fs::read(root.join(format!("{key}.json"))).await.ok()?;
        serde_json::from_slice(&text).ok()
    }
}
