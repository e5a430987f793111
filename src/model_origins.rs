//! Where serving gets its models from: the registry that flags and environment name, the operator's object stores, and
//! a cache on disk.

use std::path::PathBuf;

use anyhow::Context as _;
use forebay_serving::{BucketFolder, Buckets, Cache, ModelSource, ModelUri, Origins};
use forebay_tracking::ObjectStores;
use futures_util::future::BoxFuture;

use crate::cli::OriginArgs;
use crate::environment;
use crate::failure;
use crate::late_registry::LateRegistry;

/// All of them, opened.
pub(crate) struct ModelOrigins {
    /// None when no model is known to a registry alone.
    registry: Option<LateRegistry>,
    buckets: OwnBuckets,
    /// Where models are kept that came from elsewhere.
    pub(crate) cache: Cache,
}

impl ModelOrigins {
    /// What those models need; a registry is opened when it is asked. Without a folder for the cache it is `$FOREBAY_CACHE`, or `forebay/models` where
    /// the user's caches are.
    pub(crate) fn open(args: &OriginArgs, uris: &[ModelUri], cache: Option<PathBuf>) -> anyhow::Result<Self> {
        let cache = cache.or_else(environment::model_cache);
        let cache = cache.context("there is no home folder for cached models; name one by FOREBAY_CACHE")?;
        let stores = ObjectStores::new(environment::object_stores())?;
        let needs_registry = uris.iter().any(ModelUri::needs_registry);
        let registry = if needs_registry { Some(LateRegistry::new(args)?) } else { None };
        Ok(ModelOrigins { registry, buckets: OwnBuckets(stores), cache: Cache::at(cache) })
    }

    /// Who is asked.
    pub(crate) fn origins(&self) -> Origins<'_> {
        Origins {
            registry: self.registry.as_ref().map(|registry| registry as &dyn ModelSource),
            buckets: Some(&self.buckets),
        }
    }

    /// Closes the database, if it is one.
    pub(crate) async fn close(self) {
        if let Some(registry) = self.registry {
            registry.close().await;
        }
    }
}

/// Object stores as tracking reaches them.
struct OwnBuckets(ObjectStores);

impl Buckets for OwnBuckets {
    fn open<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<BucketFolder, String>> {
        Box::pin(async move {
            match self.0.open(uri).await {
                Ok(folder) => Ok(BucketFolder { store: folder.store, prefix: folder.prefix }),
                Err(error) => Err(failure::line(&error.into())),
            }
        })
    }
}
