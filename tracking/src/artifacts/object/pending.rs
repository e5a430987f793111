//! A multipart upload under way, which is aborted unless it is completed: also when its caller hangs up and the
//! request is dropped in the middle.

use std::sync::Arc;
use std::time::Duration;

use object_store::{MultipartUpload, PutMultipartOptions};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::bucket::{BucketStore, REQUEST, within};
use super::parts::Part;
use crate::artifacts::StoreError;
use crate::model::artifact_path::ArtifactPath;

/// How long a part may take on its way, with all retries.
pub(super) const TRANSFER: Duration = Duration::from_mins(5);

/// How many parts of an upload are on their way at a time; one more is being filled.
const IN_FLIGHT: usize = 2;

pub(super) struct PendingUpload {
    /// None once it is complete.
    upload: Option<Box<dyn MultipartUpload>>,
    sending: JoinSet<Result<(), StoreError>>,
    path: ArtifactPath,
    clean_up: TaskTracker,
}

impl PendingUpload {
    pub(super) async fn begin(
        store: &BucketStore,
        path: &ArtifactPath,
        options: PutMultipartOptions,
    ) -> Result<Self, StoreError> {
        let (key, bucket, for_task) = (store.key(path)?, Arc::clone(&store.bucket), path.clone());
        // A task of its own: a caller who hangs up now must not leave an upload that nobody knows of.
        let begun = store.bucket.clean_up.spawn(async move {
            let begun = bucket.client.objects().put_multipart_opts(&key, options);
            let upload = Some(within(REQUEST, &for_task, begun).await?);
            let clean_up = bucket.clean_up.clone();
            Ok(PendingUpload { upload, sending: JoinSet::new(), path: for_task, clean_up })
        });
        begun.await.unwrap_or_else(|error| Err(StoreError::from_io(path.as_str(), error.into())))
    }

    /// Sends a part beside those before it; it may be one of those whose failure is told.
    pub(super) async fn send(&mut self, part: Part) -> Result<(), StoreError> {
        if self.sending.len() >= IN_FLIGHT {
            self.settle_one().await?;
        }
        if let Some(upload) = &mut self.upload {
            let (sent, path) = (upload.put_part(part.payload), self.path.clone());
            self.sending.spawn(async move {
                let _share = part.share;
                within(TRANSFER, &path, sent).await
            });
        }
        Ok(())
    }

    /// Makes one object of the parts, which is there from now on.
    pub(super) async fn complete(mut self) -> Result<(), StoreError> {
        while !self.sending.is_empty() {
            self.settle_one().await?;
        }
        if let Some(upload) = &mut self.upload {
            within(TRANSFER, &self.path, upload.complete()).await?;
        }
        self.upload = None;
        Ok(())
    }

    async fn settle_one(&mut self) -> Result<(), StoreError> {
        match self.sending.join_next().await {
            None => Ok(()),
            Some(Ok(sent)) => sent,
            Some(Err(error)) => Err(StoreError::from_io(self.path.as_str(), error.into())),
        }
    }
}

impl Drop for PendingUpload {
    fn drop(&mut self) {
        let mut sending = std::mem::take(&mut self.sending);
        sending.abort_all();
        let (Some(mut upload), Ok(runtime)) = (self.upload.take(), Handle::try_current()) else { return };
        let path = self.path.clone();
        let abort = async move {
            // A part that is still sent might come after the abort, and stay.
            sending.shutdown().await;
            if !matches!(timeout(REQUEST, upload.abort()).await, Ok(Ok(()))) {
                tracing::warn!(
                    path = path.as_str(),
                    "parts of an upload that broke off are left in the store"
                );
            }
        };
        self.clean_up.spawn_on(abort, &runtime);
    }
}
