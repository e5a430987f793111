//! An object, or what a folder is in an object store.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::path::Path as Key;
use tokio::runtime::Handle;

use crate::Error;

/// How long a request may take with all its retries: as long as the largest part needs on a slow line.
const REQUEST: Duration = Duration::from_mins(10);

/// How addresses of Azure's two interfaces begin.
const BLOBS: &str = "wasbs://";
const DATA_LAKE: &str = "abfss://";

/// An object, or the prefix of several.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Such as `s3://bucket`.
    pub(crate) base: String,
    /// As it was written, without a slash at its end; a pattern is no key.
    pub(crate) key: String,
    pub(crate) runtime: Handle,
}

impl Object {
    pub(crate) fn uri(&self) -> String {
        format!("{}/{}", self.base, self.key)
    }

    /// Whether it is in Azure.
    pub(crate) fn is_azure(&self) -> bool {
        self.base.starts_with(BLOBS) || self.base.starts_with(DATA_LAKE)
    }

    pub(crate) fn key(&self) -> Result<Key, Error> {
        Key::parse(&self.key).map_err(|error| Error::Address { uri: self.uri(), reason: error.to_string() })
    }

    pub(crate) fn join(&self, name: &str) -> Object {
        let key = if self.key.is_empty() { name.to_owned() } else { format!("{}/{name}", self.key) };
        self.at(key)
    }

    /// Waits for a request, with the calling thread.
    pub(crate) fn ask<T>(
        &self,
        request: impl Future<Output = Result<T, object_store::Error>>,
    ) -> Result<T, object_store::Error> {
        self.runtime.block_on(within_time(request))
    }

    /// Another key of the same bucket.
    pub(crate) fn at(&self, key: String) -> Object {
        Object { key, ..self.clone() }
    }
}

/// The address of an object, the same for all that name it: Azure's two interfaces show the same objects.
pub(crate) fn canonical(base: &str, key: &str) -> String {
    match base.strip_prefix(DATA_LAKE) {
        Some(container) => format!("{BLOBS}{}/{key}", container.replacen(".dfs.", ".blob.", 1)),
        None => format!("{base}/{key}"),
    }
}

/// Lets a request take some minutes: a store that says nothing more would hold up a job for ever.
pub(crate) async fn within_time<T>(
    request: impl Future<Output = Result<T, object_store::Error>>,
) -> Result<T, object_store::Error> {
    let late = |source| object_store::Error::Generic { store: "object store", source: Box::new(source) };
    tokio::time::timeout(REQUEST, request).await.map_err(late)?
}

/// Without the client, which holds keys.
impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.uri())
    }
}
