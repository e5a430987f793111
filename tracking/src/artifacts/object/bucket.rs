//! A bucket, and the store that is a prefix in it.

use std::sync::Arc;
use std::time::Duration;

use forebay_core::invalid::Invalid;
use object_store::path::Path;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::client::Client;
use super::fault::{fault, late};
use crate::artifacts::StoreError;
use crate::artifacts::traffic::StoreKind;
use crate::model::artifact_path::ArtifactPath;

/// How long a request without a body may take, with all its retries.
pub(super) const REQUEST: Duration = Duration::from_secs(45);

/// Longest key, in bytes, on every store.
const MAX_KEY_BYTES: usize = 1_024;

/// A bucket and what its uploads share with those of all others.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(super) client: Client,
    /// What parts of uploads may hold, in MiB.
    pub(super) uploading_mib: Arc<Semaphore>,
    /// The tasks that abort what broke off.
    pub(super) clean_up: TaskTracker,
}

/// Objects whose keys begin with a prefix. Cloning it is cheap.
#[derive(Debug, Clone)]
pub(crate) struct BucketStore {
    pub(super) bucket: Arc<Bucket>,
    prefix: String,
}

impl BucketStore {
    pub(crate) fn new(bucket: Arc<Bucket>, prefix: String) -> Self {
        BucketStore { bucket, prefix }
    }

    /// Whose store it is.
    pub(crate) fn kind(&self) -> StoreKind {
        self.bucket.client.kind()
    }

    /// The key of an artifact. That of the store itself may be empty, which means the whole bucket.
    pub(super) fn key(&self, path: &ArtifactPath) -> Result<Path, StoreError> {
        let prefix = Some(self.prefix.as_str()).filter(|prefix| !prefix.is_empty());
        let key = prefix.into_iter().chain(path.segments()).collect::<Vec<_>>().join("/");
        let too_long = key.len() > MAX_KEY_BYTES;
        Path::parse(&key).ok().filter(|_| !too_long).ok_or_else(|| {
            let text = path.as_str();
            StoreError::Invalid(Invalid::message(format!(
                "Invalid path: no object can have it as its key, or it is longer than {MAX_KEY_BYTES} bytes \
                 with the folder's: '{text}'"
            )))
        })
    }
}

/// Waits for the store's answer, no longer than `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    path: &ArtifactPath,
    answer: impl Future<Output = Result<T, object_store::Error>>,
) -> Result<T, StoreError> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(|error| fault(path.as_str(), error)),
        Err(_) => Err(late(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::object::Clients;
    use crate::artifacts::object::address::BucketName;
    use crate::artifacts::object::settings::StoreSettings;

    async fn store(prefix: &str) -> BucketStore {
        let clients = Clients::new(StoreSettings::default()).unwrap();
        let bucket = clients.bucket(BucketName::S3("bucket".to_owned())).await.unwrap();
        BucketStore::new(bucket, prefix.to_owned())
    }

    fn path(text: &str) -> ArtifactPath {
        ArtifactPath::parse(text).unwrap()
    }

    #[tokio::test]
    async fn keys_are_the_paths_as_they_are() {
        let key = async |prefix: &str, name: &str| store(prefix).await.key(&path(name)).unwrap().to_string();
        assert_eq!(key("a/b", "x//./y").await, "a/b/x/y");
        assert_eq!(key("", "ü [1]~%.txt").await, "ü [1]~%.txt");
        assert_eq!(key("a", "").await, "a");
        assert_eq!(key("", "").await, "");
    }

    #[tokio::test]
    async fn overlong_keys_are_refused() {
        let long = format!("{}x", "200-bytes/".repeat(110));
        assert!(matches!(store("").await.key(&path(&long)), Err(StoreError::Invalid(_))));
    }
}
