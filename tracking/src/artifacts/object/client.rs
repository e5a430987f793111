//! The client of one bucket, whichever cloud it is in. The match over clouds stands here alone.

use std::fmt;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3;
use object_store::azure::MicrosoftAzure;
use object_store::gcp::GoogleCloudStorage;
use object_store::list::PaginatedListStore;

use super::s3_signing::S3Signing;
use crate::artifacts::traffic::StoreKind;

pub(super) enum Client {
    S3(Arc<AmazonS3>, Box<S3Signing>),
    Google(Arc<GoogleCloudStorage>),
    Azure(Arc<MicrosoftAzure>),
}

impl Client {
    pub(super) fn kind(&self) -> StoreKind {
        match self {
            Client::S3(..) => StoreKind::S3,
            Client::Google(_) => StoreKind::Google,
            Client::Azure(_) => StoreKind::Azure,
        }
    }

    /// Reading, writing and deleting objects.
    pub(super) fn objects(&self) -> &dyn ObjectStore {
        match self {
            Client::S3(client, _) => &**client,
            Client::Google(client) => &**client,
            Client::Azure(client) => &**client,
        }
    }

    /// The same, for others to keep.
    pub(super) fn shared(&self) -> Arc<dyn ObjectStore> {
        match self {
            Client::S3(client, _) => client.clone(),
            Client::Google(client) => client.clone(),
            Client::Azure(client) => client.clone(),
        }
    }

    /// Listing page by page.
    pub(super) fn pages(&self) -> &dyn PaginatedListStore {
        match self {
            Client::S3(client, _) => &**client,
            Client::Google(client) => &**client,
            Client::Azure(client) => &**client,
        }
    }
}

/// Which cloud, and none of the keys that the clients hold.
impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.debug_tuple("Client").field(&self.kind()).finish()
    }
}
