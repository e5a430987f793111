//! Opening an object, and reading a part of it.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::list::PaginatedListOptions;
use object_store::{GetOptions, GetRange, ObjectMeta};
use tokio::time::timeout;

use super::bucket::{Bucket, BucketStore, REQUEST, within};
use super::fault::is_missing_bucket;
use crate::artifacts::StoreError;
use crate::artifacts::store::{Content, OpenArtifact};
use crate::artifacts::traffic::Meter;
use crate::model::artifact_path::ArtifactPath;

/// How long a store may stand still in the middle of an object.
const MAX_SILENCE: Duration = Duration::from_mins(1);

/// An object that was there a moment ago.
#[derive(Debug)]
pub(crate) struct OpenObject {
    bucket: Arc<Bucket>,
    meta: ObjectMeta,
    path: ArtifactPath,
}

impl BucketStore {
    /// Finds an object.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::IsFolder`] for the store itself.
    pub(crate) async fn open(&self, path: &ArtifactPath) -> Result<OpenArtifact, StoreError> {
        let Some(name) = path.file_name() else {
            return Err(StoreError::IsFolder(path.as_str().to_owned()));
        };
        let meta = self.head(path).await?;
        let (size_bytes, modified, etag) = (meta.size, meta.last_modified.into(), meta.e_tag.clone());
        let object = OpenObject { bucket: Arc::clone(&self.bucket), meta, path: path.clone() };
        Ok(OpenArtifact {
            content: Content::Object(object),
            size_bytes,
            modified,
            etag,
            name: name.to_owned(),
            meter: Meter::default(),
        })
    }

    pub(super) async fn head(&self, path: &ArtifactPath) -> Result<ObjectMeta, StoreError> {
        let key = self.key(path)?;
        let options = GetOptions::new().with_head(true);
        match within(REQUEST, path, self.bucket.client.objects().get_opts(&key, options)).await {
            Ok(found) => Ok(found.meta),
            Err(missing @ StoreError::NotFound(_)) => {
                Err(self.find_missing_bucket(path).await.unwrap_or(missing))
            }
            Err(error) => Err(error),
        }
    }

    /// The error that the bucket is missing, if it is: the answer to a HEAD has no body that would tell it from a
    /// missing object.
    async fn find_missing_bucket(&self, path: &ArtifactPath) -> Option<StoreError> {
        let (key, options) =
            (self.key(path).ok()?, PaginatedListOptions { max_keys: Some(1), ..Default::default() });
        let listed = self.bucket.client.pages().list_paginated(Some(key.as_ref()), options);
        within(REQUEST, path, listed).await.err().filter(is_missing_bucket)
    }
}

impl OpenObject {
    /// The bytes in `span`, as the state that was found had them.
    pub(crate) async fn read(
        self,
        span: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, StoreError> {
        // An empty range cannot be asked for.
        if span.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let part = Some(GetRange::Bounded(span.clone())).filter(|_| span != (0..self.meta.size));
        let options = GetOptions::new().with_range(part).with_if_match(self.meta.e_tag.clone());
        let objects = self.bucket.client.objects();
        let found = within(REQUEST, &self.path, objects.get_opts(&self.meta.location, options)).await?;
        let bytes = found.into_stream().map_err(io::Error::other);
        Ok(stream::unfold(Some(bytes), next).boxed())
    }
}

/// The next bytes; nothing comes after an error.
async fn next<S>(bytes: Option<S>) -> Option<(io::Result<Bytes>, Option<S>)>
where
    S: futures_util::Stream<Item = io::Result<Bytes>> + Unpin,
{
    let mut bytes = bytes?;
    match timeout(MAX_SILENCE, bytes.next()).await {
        Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(bytes))),
        Ok(Some(Err(error))) => Some((Err(error), None)),
        Ok(None) => None,
        Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
    }
}
