//! The files of versions, which the registry hands out and looks at, and does not keep.

use axum::http::{HeaderMap, Method};
use axum::response::Response;
use bytes::Bytes;
use forebay_db::BoxFuture;
use forebay_web::error::ApiError;

/// Reads below the location that a version has stored. It does not know which version that is.
pub trait VersionFiles: Send + Sync {
    /// The answer to a request for a file.
    ///
    /// # Errors
    /// A path that could leave the location, a location that leads nowhere, and no such file.
    fn respond<'a>(&'a self, file: FileRequest<'a>) -> BoxFuture<'a, Result<Response, ApiError>>;

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

/// A file that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct FileRequest<'a> {
    /// The URI that the version has stored.
    pub location: &'a str,
    /// The path below it, as the caller wrote it.
    pub path: &'a str,
    /// GET or HEAD.
    pub method: &'a Method,
    /// The headers of the request, for ranges and validators.
    pub headers: &'a HeaderMap,
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
