//! Buckets for those who read them without a tracking server, reached as artifacts are.

use std::sync::Arc;

use forebay_core::invalid::Invalid;
use object_store::ObjectStore;
use object_store::path::Path;

use super::clients::Clients;
use super::settings::StoreSettings;
use crate::artifacts::StoreError;
use crate::artifacts::place::Location;

/// The object stores that the operator's settings reach. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct ObjectStores(Clients);

/// A folder in an object store.
#[derive(Debug, Clone)]
pub struct ObjectFolder {
    /// The bucket.
    pub store: Arc<dyn ObjectStore>,
    /// What every key in the folder begins with; empty for the whole bucket.
    pub prefix: Path,
}

impl ObjectStores {
    /// Reads the settings; no store is asked anything.
    ///
    /// # Errors
    /// A setting that cannot be understood.
    pub fn new(settings: StoreSettings) -> Result<Self, Invalid> {
        Clients::new(settings).map(ObjectStores)
    }

    /// The folder that a URI such as `s3://bucket/a/b` names. No store is asked whether it is there.
    ///
    /// # Errors
    /// The URI names no object store, or its client cannot be made from the settings.
    pub async fn open(&self, uri: &str) -> Result<ObjectFolder, StoreError> {
        let address = match Location::parse(uri)? {
            Location::Object(address) => address,
            Location::Local(_) | Location::Proxied(_) | Location::Other(_) => {
                return Err(Invalid::message(format!("'{uri}' names no object store")).into());
            }
        };
        let bucket = self.0.bucket(address.bucket).await?;
        let unusable = |_| Invalid::message(format!("'{uri}' holds what no key can"));
        let prefix = Path::parse(&address.prefix).map_err(unusable)?;
        Ok(ObjectFolder { store: bucket.client.shared(), prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_is_opened_by_its_uri_and_nothing_else_is() {
        let stores = ObjectStores::new(StoreSettings::default()).unwrap();
        assert_eq!(stores.open("s3://bucket/a b/c/").await.unwrap().prefix.as_ref(), "a b/c");
        assert_eq!(stores.open("gs://bucket").await.unwrap().prefix.as_ref(), "");
        for uri in ["/tmp/x", "file:///x", "mlflow-artifacts:/x", "s3://user@host/x", "ftp://h/x"] {
            assert!(stores.open(uri).await.is_err(), "{uri}");
        }
    }
}
