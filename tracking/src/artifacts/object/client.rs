//! The client of one bucket, whichever cloud it is in. The match over clouds stands here alone.

use object_store::ObjectStore;
use object_store::aws::AmazonS3;
use object_store::azure::MicrosoftAzure;
use object_store::gcp::GoogleCloudStorage;
use object_store::list::PaginatedListStore;

use super::s3_signing::S3Signing;
use crate::artifacts::traffic::StoreKind;

#[derive(Debug)]
pub(super) enum Client {
    S3(AmazonS3, Box<S3Signing>),
    Google(GoogleCloudStorage),
    Azure(MicrosoftAzure),
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
            Client::S3(client, _) => client,
            Client::Google(client) => client,
            Client::Azure(client) => client,
        }
    }

    /// Listing page by page.
    pub(super) fn pages(&self) -> &dyn PaginatedListStore {
        match self {
            Client::S3(client, _) => client,
            Client::Google(client) => client,
            Client::Azure(client) => client,
        }
    }
}
