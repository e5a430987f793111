//! Where tables are that flags name: this machine, and object stores as tracking reaches them.

use std::sync::Arc;

use forebay_lake::{Buckets, Lake};
use forebay_tracking::ObjectStores;
use futures_util::future::BoxFuture;
use object_store::ObjectStore;
use tokio::runtime::Handle;

use crate::{environment, failure};

/// All places that flags can name.
pub(crate) fn open() -> anyhow::Result<Lake> {
    let stores = ObjectStores::new(environment::object_stores())?;
    Ok(Lake::new(Handle::current(), Box::new(OwnBuckets(stores))))
}

struct OwnBuckets(ObjectStores);

impl Buckets for OwnBuckets {
    fn open<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Arc<dyn ObjectStore>, String>> {
        Box::pin(async move {
            let folder = self.0.open(address).await;
            folder.map(|folder| folder.store).map_err(|error| failure::line(&error.into()))
        })
    }
}
