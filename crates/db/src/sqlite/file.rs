//! The file that is open, and whether its path still leads to it.
//!
//! SQLite goes on with a file that was removed or replaced; what is written there is gone with the process.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::Error;

/// A database file by its path and by what it is on disk.
pub(crate) struct DatabaseFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl DatabaseFile {
    /// The file that `path` leads to now.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }

    /// # Errors
    /// [`Error::Moved`] when the path leads elsewhere or nowhere.
    pub(crate) fn check(&self) -> Result<(), Error> {
        // About a microsecond, which is not worth a thread that may block.
        let is_there = identity(&self.path).is_ok_and(|identity| identity == self.identity);
        if is_there { Ok(()) } else { Err(Error::Moved) }
    }
}

/// Device and inode.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}
