//! The files of versions, which the registry looks at and does not keep.

use bytes::Bytes;
use forebay_db::BoxFuture;

/// Reads below the location that a version has stored. It does not know which version that is.
pub trait VersionFiles: Send + Sync {
    /// A whole file, if it is not longer than `max_bytes`.
    ///
    /// # Errors
    /// Why there is none, in words for whoever registered the version.
    fn read<'a>(
        &'a self,
        location: &'a str,
        path: &'a str,
        max_bytes: u64,
    ) -> BoxFuture<'a, Result<ReadFile, String>>;

    /// The file at a path, or all files in the folder there, each of which can be read; `max_files` at most.
    ///
    /// # Errors
    /// Why one cannot be read, or that there is nothing, in words for whoever registered the version.
    fn list_readable<'a>(
        &'a self,
        location: &'a str,
        path: &'a str,
        max_files: usize,
    ) -> BoxFuture<'a, Result<Vec<FileFacts>, String>>;
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// Its bytes.
    pub content: Bytes,
    /// What tells this state of it from another.
    pub etag: String,
}

/// A file that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Below the version's location.
    pub path: String,
    /// What tells this state of it from another.
    pub etag: String,
    /// How long it is.
    pub size_bytes: u64,
}
