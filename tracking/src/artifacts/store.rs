//! What an artifact store is: files on this machine, or objects in a bucket.

use std::fmt::Display;
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::time::SystemTime;

use bytes::Bytes;
use forebay_core::invalid::Invalid;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::StoreError;
use super::local::LocalStore;
use super::object::{BucketStore, OpenObject};
use crate::model::artifact::Entry;
use crate::model::artifact_path::{ArtifactPath, NewArtifact};

/// Bytes that are read or written at once.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// A store. Cloning it is cheap.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    Local(LocalStore),
    Object(BucketStore),
}

impl Store {
    /// The entries of a folder, in the order of their names' bytes; none when it is not a folder.
    pub(crate) async fn list(&self, folder: &ArtifactPath) -> Result<Vec<Entry>, StoreError> {
        match self {
            Store::Local(store) => store.list(folder).await,
            Store::Object(store) => store.list(folder).await,
        }
    }

    /// Opens a file.
    pub(crate) async fn open(&self, path: &ArtifactPath) -> Result<OpenArtifact, StoreError> {
        match self {
            Store::Local(store) => store.open(path).await,
            Store::Object(store) => store.open(path).await,
        }
    }

    /// Stores a file, over one that may be there: all of it or nothing. `length` is how many bytes will come, if
    /// that is known.
    pub(crate) async fn upload<E: Display>(
        &self,
        artifact: &NewArtifact,
        length: Option<u64>,
        bytes: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<(), StoreError> {
        match self {
            Store::Local(store) => store.upload(artifact, bytes).await,
            Store::Object(store) => store.upload(artifact, length, bytes).await,
        }
    }

    /// Deletes a file, or a folder with all that is in it; nothing there is a success too. The store as a whole is
    /// refused.
    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<(), StoreError> {
        match self {
            Store::Local(store) => store.delete(path).await,
            Store::Object(store) => store.delete(path).await,
        }
    }
}

/// A file ready to be read, and what a client may know of it before.
#[derive(Debug)]
pub(crate) struct OpenArtifact {
    pub(crate) content: Content,
    pub(crate) size_bytes: u64,
    pub(crate) modified: SystemTime,
    /// What the store itself calls this state of the file, in quotes.
    pub(crate) etag: Option<String>,
    /// The last name of its path.
    pub(crate) name: String,
}

/// Where the bytes come from.
#[derive(Debug)]
pub(crate) enum Content {
    File(tokio::fs::File),
    Object(OpenObject),
}

impl OpenArtifact {
    /// The bytes in `span`, which lies in the file, as fast as they are drawn.
    pub(crate) async fn read(
        self,
        span: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, StoreError> {
        let mut file = match self.content {
            Content::File(file) => file,
            Content::Object(object) => return object.read(span).await,
        };
        let sought = file.seek(SeekFrom::Start(span.start)).await;
        sought.map_err(|error| StoreError::from_io(&self.name, error))?;
        let part = file.take(span.end - span.start);
        Ok(ReaderStream::with_capacity(part, CHUNK_BYTES).boxed())
    }
}

/// How much there is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extent {
    pub(crate) n_files: u64,
    pub(crate) size_bytes: u64,
}

impl Extent {
    /// Counts one file more.
    pub(crate) fn add(&mut self, size_bytes: u64) {
        self.n_files += 1;
        self.size_bytes += size_bytes;
    }
}

/// The caller's bytes ended early.
pub(crate) fn broken_upload(path: &ArtifactPath, error: &impl Display) -> StoreError {
    StoreError::BrokenUpload { path: path.as_str().to_owned(), reason: error.to_string() }
}

/// Why a store as a whole is not deleted.
pub(crate) fn store_itself() -> StoreError {
    Invalid::message("Invalid path: the artifact store itself cannot be deleted").into()
}
