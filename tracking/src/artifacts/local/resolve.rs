//! From an artifact path to the real path on disk, with every symbolic link followed and checked.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::artifacts::StoreError;
use crate::model::artifact_path::ArtifactPath;

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Resolved {
    /// To something that exists; the path holds no link.
    Existing(PathBuf),
    /// To nothing yet: the deepest existing folder, and the names missing below it (at least one).
    Missing { folder: PathBuf, names: Vec<String> },
    /// Through a file, so nothing can be there.
    ThroughFile,
}

impl Resolved {
    /// The existing path; nothing when nothing is there.
    pub(super) fn existing(self) -> Option<PathBuf> {
        match self {
            Resolved::Existing(path) => Some(path),
            Resolved::Missing { .. } | Resolved::ThroughFile => None,
        }
    }
}

/// Follows `path` from `root`, which may be a link itself and must exist for anything to exist.
pub(super) fn resolve(root: &Path, path: &ArtifactPath) -> Result<Resolved, StoreError> {
    let failed = |error| StoreError::from_io(path.as_str(), error);
    let names: Vec<&str> = path.segments().collect();
    let missing = |folder: PathBuf, from: usize| Resolved::Missing {
        folder,
        names: names[from..].iter().map(|name| (*name).to_owned()).collect(),
    };
    let real_root = match fs::canonicalize(root) {
        Ok(real_root) => real_root,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(missing(root.to_owned(), 0)),
        Err(error) => return Err(failed(error)),
    };
    let mut real = real_root.clone();
    for (idx, name) in names.iter().enumerate() {
        let next = real.join(name);
        match fs::symlink_metadata(&next) {
            Ok(found) if found.is_symlink() => real = follow(&real_root, &next)?,
            Ok(_) => real = next,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(missing(real, idx)),
            Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(Resolved::ThroughFile),
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(Resolved::Existing(real))
}

/// The target of a link, if it exists below `real_root`.
pub(super) fn follow(real_root: &Path, link: &Path) -> Result<PathBuf, StoreError> {
    // A dangling link counts as outside: writing through it would make its target, wherever that is.
    let target = fs::canonicalize(link).map_err(|_| StoreError::Outside)?;
    if target.starts_with(real_root) { Ok(target) } else { Err(StoreError::Outside) }
}
