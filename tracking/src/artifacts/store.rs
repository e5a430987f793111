//! What an artifact store is: files on this machine, or objects in a bucket.

use std::fmt::Display;
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::time::SystemTime;

use bytes::Bytes;
use forebay_core::invalid::Invalid;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::StoreError;
use super::local::LocalStore;
use super::object::{BucketStore, OpenObject};
use super::traffic::{Meter, Operation, StoreKind, Traffic};
use crate::model::artifact::Entry;
use crate::model::artifact_path::{ArtifactPath, NewArtifact};

/// Bytes that are read or written at once.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// A store. Cloning it is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(super) arm: Arm,
    /// The location, unless it is the operator's own store.
    chosen: Option<String>,
    meter: Meter,
}

/// What keeps the artifacts.
#[derive(Debug, Clone)]
pub(crate) enum Arm {
    Local(LocalStore),
    Object(BucketStore),
}

impl Store {
    /// The operator's own store, not metered.
    pub(crate) fn own(arm: Arm) -> Self {
        Store { arm, chosen: None, meter: Meter::default() }
    }

    /// A store at a location that a caller chose, not metered.
    pub(super) fn chosen(arm: Arm, location: &str) -> Self {
        Store { chosen: Some(location.to_owned()), ..Store::own(arm) }
    }

    /// The same store, counted by the meter of its kind.
    pub(crate) fn metered(self, traffic: &Traffic) -> Self {
        let kind = match &self.arm {
            Arm::Local(_) => StoreKind::Local,
            Arm::Object(store) => store.kind(),
        };
        Store { meter: traffic.of(kind), ..self }
    }

    /// Whether it is the operator's own.
    pub(super) fn is_own(&self) -> bool {
        self.chosen.is_none()
    }

    /// The entries of a folder, in the order of their names' bytes; none when it is not a folder.
    pub(crate) async fn list(&self, folder: &ArtifactPath) -> Result<Vec<Entry>, StoreError> {
        let listed = match &self.arm {
            Arm::Local(store) => store.list(folder).await,
            Arm::Object(store) => store.list(folder).await,
        };
        self.end(Operation::List, listed)
    }

    /// Opens a file.
    pub(crate) async fn open(&self, path: &ArtifactPath) -> Result<OpenArtifact, StoreError> {
        let opened = match &self.arm {
            Arm::Local(store) => store.open(path).await,
            Arm::Object(store) => store.open(path).await,
        };
        let opened = self.end(Operation::Open, opened)?;
        Ok(OpenArtifact { meter: self.meter.clone(), ..opened })
    }

    /// Stores a file, over one that may be there: all of it or nothing. `length` is how many bytes will come, if
    /// that is known.
    pub(crate) async fn upload<E: Display>(
        &self,
        artifact: &NewArtifact,
        length: Option<u64>,
        bytes: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<(), StoreError> {
        let bytes = bytes.inspect_ok(|chunk| self.meter.uploaded(chunk.len()));
        let stored = match &self.arm {
            Arm::Local(store) => store.upload(artifact, bytes).await,
            Arm::Object(store) => store.upload(artifact, length, bytes).await,
        };
        self.end(Operation::Upload, stored)
    }

    /// Deletes a file, or a folder with all that is in it; nothing there is a success too. The store as a whole is
    /// refused.
    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<(), StoreError> {
        let deleted = match &self.arm {
            Arm::Local(store) => store.delete(path).await,
            Arm::Object(store) => store.delete(path).await,
        };
        self.end(Operation::Delete, deleted)
    }

    /// Deletes the folder or prefix that the store is, and all that is in it; nothing there is a success too. A
    /// bucket as a whole and the root of the file system are refused.
    pub(super) async fn purge(&self) -> Result<(), StoreError> {
        let purged = match &self.arm {
            Arm::Local(store) => store.purge().await,
            Arm::Object(store) => store.purge().await,
        };
        self.end(Operation::Delete, purged)
    }

    /// How much is at or below a path.
    pub(super) async fn measure(&self, path: &ArtifactPath) -> Result<Extent, StoreError> {
        self.judge(match &self.arm {
            Arm::Local(store) => store.measure(path).await,
            Arm::Object(store) => store.measure(path).await,
        })
    }

    /// Whose fault an error is.
    pub(super) fn judge<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        done.map_err(|error| match &self.chosen {
            Some(location) => error.at_chosen(location),
            None => error,
        })
    }

    /// Counts an operation, once it is clear whose fault an error is.
    fn end<T>(&self, operation: Operation, done: Result<T, StoreError>) -> Result<T, StoreError> {
        let judged = self.judge(done);
        self.meter.ended(operation, &judged);
        judged
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
    /// What counts the bytes that are read.
    pub(super) meter: Meter,
}

/// Where the bytes come from.
#[derive(Debug)]
pub(crate) enum Content {
    File(tokio::fs::File),
    Object(OpenObject),
}

impl OpenArtifact {
    /// What tells this state of the file from another: the store's own etag, or one made of time and size.
    pub(crate) fn state(&self) -> String {
        let since_epoch = self.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let own = || format!("\"{:x}-{:x}\"", since_epoch.as_nanos(), self.size_bytes);
        self.etag.clone().unwrap_or_else(own)
    }

    /// The bytes in `span`, which lies in the file, as fast as they are drawn.
    pub(crate) async fn read(
        self,
        span: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, StoreError> {
        let bytes = match self.content {
            Content::File(file) => read_file(file, span, &self.name).await?,
            Content::Object(object) => object.read(span).await?,
        };
        let meter = self.meter;
        Ok(bytes.inspect_ok(move |chunk| meter.downloaded(chunk.len())).boxed())
    }
}

async fn read_file(
    mut file: tokio::fs::File,
    span: Range<u64>,
    name: &str,
) -> Result<BoxStream<'static, io::Result<Bytes>>, StoreError> {
    let sought = file.seek(SeekFrom::Start(span.start)).await;
    sought.map_err(|error| StoreError::from_io(name, error))?;
    let part = file.take(span.end - span.start);
    Ok(ReaderStream::with_capacity(part, CHUNK_BYTES).boxed())
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
