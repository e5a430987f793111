//! Deleting an object, or all objects of a folder.

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectMeta;
use object_store::path::Path;

use super::bucket::{BucketStore, REQUEST, within};
use crate::artifacts::StoreError;
use crate::artifacts::store::{Extent, store_itself};
use crate::model::artifact_path::ArtifactPath;

impl BucketStore {
    /// Deletes what is at `path`, the object and the folder; nothing there is a success too. The store as a whole
    /// is refused.
    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<(), StoreError> {
        match path.file_name() {
            None => Err(store_itself()),
            Some(_) => self.delete_all(path).await,
        }
    }

    /// Deletes the store: all that is below its prefix. A whole bucket is refused.
    pub(crate) async fn purge(&self) -> Result<(), StoreError> {
        self.delete_all(&ArtifactPath::default()).await
    }

    /// What [`BucketStore::delete`] or [`BucketStore::purge`] would delete.
    pub(crate) async fn measure(&self, path: &ArtifactPath) -> Result<Extent, StoreError> {
        let key = self.key(path)?;
        let mut extent = Extent::default();
        let mut below = self.bucket.client.objects().list(Some(&key));
        while let Some(found) = within(REQUEST, path, below.try_next()).await? {
            extent.add(found.size);
        }
        if !key.is_root() {
            match self.head(path).await {
                Ok(found) => extent.add(found.size),
                Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(extent)
    }

    async fn delete_all(&self, path: &ArtifactPath) -> Result<(), StoreError> {
        let key = self.key(path)?;
        if key.is_root() {
            return Err(store_itself());
        }
        let objects = self.bucket.client.objects();
        let below = objects.list(Some(&key)).map_ok(location);
        let all = stream::once(async { Ok(key) }).chain(below).boxed();
        let mut deleted = objects.delete_stream(all);
        loop {
            match within(REQUEST, path, next(&mut deleted)).await {
                Ok(true) | Err(StoreError::NotFound(_)) => {}
                Ok(false) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn location(object: ObjectMeta) -> Path {
    object.location
}

/// Whether one more was deleted.
async fn next(
    deleted: &mut stream::BoxStream<'static, object_store::Result<Path>>,
) -> object_store::Result<bool> {
    Ok(deleted.try_next().await?.is_some())
}
