//! Writing an object: in one piece if it is short, else in parts that become an object when all are there.

use std::fmt::Display;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use object_store::{Attribute, Attributes, PutMultipartOptions, PutOptions};

use super::bucket::{BucketStore, within};
use super::parts::{Part, Parts};
use super::pending::{PendingUpload, TRANSFER};
use crate::artifacts::StoreError;
use crate::model::artifact_path::{ArtifactPath, NewArtifact};

impl BucketStore {
    /// Stores an object, over one that may be there. `length` is how many bytes will come, if that is known.
    ///
    /// An error in `bytes` leaves the store as it was.
    pub(crate) async fn upload<E: Display>(
        &self,
        artifact: &NewArtifact,
        length: Option<u64>,
        bytes: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<(), StoreError> {
        let path = artifact.path();
        let budget = Arc::clone(&self.bucket.uploading_mib);
        let bytes = pin!(bytes);
        let mut parts = Parts::new(path, bytes, length, budget)?;
        let Some(first) = parts.next().await? else { return Ok(()) };
        if first.is_last {
            return self.put(path, first).await;
        }
        let options = PutMultipartOptions { attributes: attributes(path), ..PutMultipartOptions::default() };
        let mut upload = PendingUpload::begin(self, path, options).await?;
        let mut next = Some(first);
        while let Some(part) = next {
            upload.send(part).await?;
            next = parts.next().await?;
        }
        upload.complete().await
    }

    async fn put(&self, path: &ArtifactPath, whole: Part) -> Result<(), StoreError> {
        let key = self.key(path)?;
        let options = PutOptions { attributes: attributes(path), ..PutOptions::default() };
        let put = self.bucket.client.objects().put_opts(&key, whole.payload, options);
        within(TRANSFER, path, put).await?;
        Ok(())
    }
}

/// The type that whoever reads the object without this server is told.
fn attributes(path: &ArtifactPath) -> Attributes {
    let guessed = mime_guess::from_path(path.as_str()).first_raw();
    guessed.into_iter().map(|mime| (Attribute::ContentType, mime)).collect()
}
