//! Where files are: on this machine, in object stores, or in a pipe.

pub(crate) mod place;
pub(crate) mod files;
pub(crate) mod logged;
pub(crate) mod local;
pub(crate) mod object;
pub(crate) mod object_reader;
pub(crate) mod upload;
pub(crate) mod new_file;
pub(crate) mod folder;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use object_store::ObjectStore;
use tokio::runtime::Handle;

use crate::Error;

/// Who opens object stores: endpoints and credentials are the operator's.
pub trait Buckets: Send + Sync {
    /// The bucket of an address such as `s3://bucket`.
    ///
    /// # Errors
    /// Why it cannot be opened, without a full stop.
    fn open<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Arc<dyn ObjectStore>, String>>;
}

/// Where tables are. Cloning it is cheap.
#[derive(Clone)]
pub struct Lake(Arc<Inner>);

struct Inner {
    runtime: Handle,
    /// None where there is nothing but this machine.
    buckets: Option<Box<dyn Buckets>>,
    opened: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl Lake {
    /// The files of this machine, and pipes.
    pub fn local(runtime: Handle) -> Self {
        Lake(Arc::new(Inner { runtime, buckets: None, opened: Mutex::default() }))
    }

    /// The same, and the objects in these buckets; requests run on `runtime`.
    pub fn new(runtime: Handle, buckets: Box<dyn Buckets>) -> Self {
        Lake(Arc::new(Inner { runtime, buckets: Some(buckets), opened: Mutex::default() }))
    }

    /// [`canonical`](place::canonical), for whoever has a lake at hand.
    ///
    /// # Errors
    /// The text names no place.
    #[expect(clippy::unused_self, reason = "whoever asks need not know that addresses alone tell it")]
    pub fn canonical(&self, text: &str) -> Result<PathBuf, Error> {
        place::canonical(text)
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// The client of a bucket, such as `s3://bucket`.
    pub(crate) fn store(&self, base: &str) -> Result<Arc<dyn ObjectStore>, Error> {
        let mut opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.get(base) {
            return Ok(Arc::clone(store));
        }
        let unusable = |reason: String| Error::Address { uri: base.to_owned(), reason };
        let buckets = self.0.buckets.as_ref();
        let buckets = buckets.ok_or_else(|| unusable("no object stores are known here".to_owned()))?;
        let store = self.0.runtime.block_on(buckets.open(base)).map_err(unusable)?;
        opened.insert(base.to_owned(), Arc::clone(&store));
        Ok(store)
    }
}
