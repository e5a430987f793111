//! From the URI that a run or a logged model has stored to the place where its artifacts are.

use std::path::PathBuf;
use std::time::Duration;

use forebay_core::invalid::Invalid;
use percent_encoding::percent_decode_str;

use super::StoreError;
use super::local::LocalStore;
use super::object::{Address, BucketStore, Clients, is_object_store};
use super::presigned::Presigned;
use super::store::{Arm, Extent, OpenArtifact, Store};
use super::traffic::Traffic;
use crate::model::artifact::Entry;
use crate::model::artifact_path::{ArtifactPath, NewArtifact};
use forebay_core::uri::scheme;

/// What stands before the artifact path in an HTTP location.
const PROXY_ROUTE: &str = "/api/2.0/mlflow-artifacts/artifacts/";

/// A folder in a store.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    store: Store,
    folder: ArtifactPath,
}

impl Place {
    /// Where `uri` leads; `proxied` is the store behind this server's own proxy, none if it has no proxy.
    pub(crate) async fn of(
        uri: &str,
        proxied: Option<&Store>,
        buckets: &Clients,
    ) -> Result<Self, StoreError> {
        let arm = match Location::parse(uri)? {
            Location::Proxied(folder) => {
                let store = proxied.ok_or(StoreError::NotServed)?.clone();
                return Ok(Place { store, folder });
            }
            Location::Local(root) => Arm::Local(LocalStore::new(root)),
            Location::Object(address) => object_store(address, buckets).await?,
            Location::Other(scheme) => return Err(StoreError::UnknownScheme(scheme)),
        };
        Ok(Place { store: Store::chosen(arm, uri), folder: ArtifactPath::default() })
    }

    /// The same place, in a store that is counted by the meter of its kind.
    pub(super) fn metered(self, traffic: &Traffic) -> Self {
        Place { store: self.store.metered(traffic), ..self }
    }

    /// The place of a folder below this one.
    pub(super) fn below(self, path: &ArtifactPath) -> Self {
        Place { folder: self.folder.join(path), ..self }
    }

    /// The entries of a folder below this one, in the order of their names' bytes; none when it is not a folder.
    pub(crate) async fn list(&self, below: &ArtifactPath) -> Result<Vec<Entry>, StoreError> {
        self.store.list(&self.folder.join(below)).await
    }

    /// Opens a file below this folder.
    pub(crate) async fn open(&self, below: &ArtifactPath) -> Result<OpenArtifact, StoreError> {
        self.store.open(&self.folder.join(below)).await
    }

    /// Stores `bytes` as a file below this folder.
    pub(crate) async fn upload(&self, below: &NewArtifact, bytes: bytes::Bytes) -> Result<(), StoreError> {
        let length = Some(bytes.len() as u64);
        let whole = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(bytes)]);
        self.store.upload(&below.in_folder(&self.folder), length, whole).await
    }

    /// An address to which a file below this folder is uploaded.
    pub(super) async fn presign_upload(
        &self,
        below: &NewArtifact,
        expires_in: Duration,
    ) -> Result<Presigned, StoreError> {
        self.store.judge(self.store.presign_upload(&below.in_folder(&self.folder), expires_in).await)
    }

    /// An address from which a file below this folder is downloaded.
    pub(super) async fn presign_download(
        &self,
        below: &ArtifactPath,
        expires_in: Duration,
    ) -> Result<Presigned, StoreError> {
        self.store.judge(self.store.presign_run_download(&self.folder.join(below), expires_in).await)
    }

    /// How much is below this folder.
    pub(crate) async fn measure(&self) -> Result<Extent, StoreError> {
        self.store.measure(&self.folder).await
    }

    /// Deletes this folder and all that is below it; nothing there is a success too. A bucket as a whole, the root
    /// of the file system and the store behind the proxy as a whole are refused.
    pub(crate) async fn delete(&self) -> Result<(), StoreError> {
        if self.store.is_own() { self.store.delete(&self.folder).await } else { self.store.purge().await }
    }
}

/// The store that `--artifacts-destination` names: a path, relative ones to the current folder, or a URI.
pub(crate) async fn destination(uri: &str, buckets: &Clients) -> Result<Store, StoreError> {
    let arm = match Location::parse(uri)? {
        Location::Local(root) => Arm::Local(LocalStore::new(root)),
        Location::Object(address) => object_store(address, buckets).await?,
        Location::Proxied(_) => return Err(StoreError::UnknownScheme(scheme(uri).unwrap_or_default())),
        Location::Other(scheme) => return Err(StoreError::UnknownScheme(scheme)),
    };
    Ok(Store::own(arm))
}

async fn object_store(address: Address, buckets: &Clients) -> Result<Arm, StoreError> {
    let bucket = buckets.bucket(address.bucket).await?;
    Ok(Arm::Object(BucketStore::new(bucket, address.prefix)))
}

/// Whether artifacts with that scheme are reached through a tracking server's proxy.
pub(crate) fn is_proxied(scheme: &str) -> bool {
    matches!(scheme, "mlflow-artifacts" | "http" | "https")
}

/// Where a URI leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A folder on this machine.
    Local(PathBuf),
    /// A folder in the store behind the proxy.
    Proxied(ArtifactPath),
    /// A prefix in a bucket.
    Object(Address),
    /// A scheme that is none of these.
    Other(String),
}

impl Location {
    /// Reads the URI that a run, a logged model or an experiment has stored.
    pub(crate) fn parse(uri: &str) -> Result<Self, Invalid> {
        let unusable =
            |why: &str| Invalid::message(format!("The artifact location '{uri}' cannot be used: {why}."));
        let Some(scheme) = scheme(uri) else { return Ok(Location::Local(decoded(uri)?)) };
        if scheme != "file" && !is_proxied(&scheme) && !is_object_store(&scheme) {
            return Ok(Location::Other(scheme));
        }
        let (host, path) = host_and_path(&uri[scheme.len() + 1..])
            .ok_or_else(|| unusable("a part of its path stands behind a '?' or '#'"))?;
        match scheme.as_str() {
            scheme if is_object_store(scheme) => Address::parse(scheme, host, path).map(Location::Object),
            "file" if !matches!(host, "" | "localhost") => Err(unusable("it names another host")),
            "file" => Ok(Location::Local(decoded(path)?)),
            "mlflow-artifacts" => ArtifactPath::parse(path.trim_start_matches('/')).map(Location::Proxied),
            _ => {
                let path = path.split_once(PROXY_ROUTE).map(|(_, path)| path);
                let path =
                    path.ok_or_else(|| unusable("it is not an address of a tracking server's proxy"))?;
                ArtifactPath::parse(path.trim_start_matches('/')).map(Location::Proxied)
            }
        }
    }
}

/// The host, which may be empty, and the path of what follows a scheme.
///
/// A query or a fragment is dropped as long as no folder stands in it: whoever drops folders from a path ends up
/// in one that belongs to somebody else.
fn host_and_path(after_scheme: &str) -> Option<(&str, &str)> {
    let (hierarchy, extra) = after_scheme.split_once(['?', '#']).unwrap_or((after_scheme, ""));
    if extra.contains('/') {
        return None;
    }
    let Some(rest) = hierarchy.strip_prefix("//") else { return Some(("", hierarchy)) };
    Some(rest.find('/').map_or((rest, ""), |start| rest.split_at(start)))
}

fn decoded(path: &str) -> Result<PathBuf, Invalid> {
    let decoded = percent_decode_str(path).decode_utf8();
    let usable = decoded.ok().filter(|path| !path.is_empty() && !path.contains('\0'));
    usable.map(|path| PathBuf::from(path.into_owned())).ok_or_else(|| {
        Invalid::message(format!("The artifact location '{path}' cannot be used: it is not a path."))
    })
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::prometheus_text::encode;
    use prometheus_client::registry::Registry;

    use super::*;
    use crate::artifacts::StoreSettings;

    fn local(path: &str) -> Location {
        Location::Local(PathBuf::from(path))
    }

    fn proxied(path: &str) -> Location {
        Location::Proxied(ArtifactPath::parse(path).unwrap())
    }

    #[test]
    fn locations_lead_to_a_folder_or_to_the_proxys_store() {
        for (uri, location) in [
            ("/srv/a%20b", local("/srv/a b")),
            ("./mlartifacts", local("./mlartifacts")),
            ("file:///srv/x", local("/srv/x")),
            ("file:/srv/x", local("/srv/x")),
            ("file://localhost/srv/x", local("/srv/x")),
            ("file:///srv/x?y", local("/srv/x")),
            ("mlflow-artifacts:/1/r/artifacts", proxied("1/r/artifacts")),
            ("mlflow-artifacts://host:5000/1/r", proxied("1/r")),
            ("https://h/api/2.0/mlflow-artifacts/artifacts/1/r", proxied("1/r")),
            ("s3://bucket/x?endpoint=y", Location::Object(Address::parse("s3", "bucket", "/x").unwrap())),
            ("dbfs:/x", Location::Other("dbfs".to_owned())),
        ] {
            assert_eq!(Location::parse(uri).unwrap(), location, "{uri}");
        }
    }

    #[tokio::test]
    async fn what_the_system_refuses_is_a_fault_of_the_server_only_in_its_own_store() {
        let refused = || {
            let source = std::io::ErrorKind::PermissionDenied.into();
            Err::<(), _>(StoreError::Io { path: "x".to_owned(), source })
        };
        let buckets = Clients::new(StoreSettings::default()).unwrap();
        let chosen = Place::of("file:///srv/locked", None, &buckets)
            .await
            .unwrap()
            .store
            .judge(refused())
            .unwrap_err();
        assert_eq!(chosen.code().as_str(), "PERMISSION_DENIED");
        let text = "The artifact location 'file:///srv/locked' cannot be used: permission denied";
        assert_eq!(chosen.to_string(), text);
        let own = Store::own(Arm::Local(LocalStore::new(PathBuf::from("/srv"))));
        let own = Place::of("mlflow-artifacts:/1", Some(&own), &buckets).await.unwrap();
        let own = own.store.judge(refused()).unwrap_err();
        assert_eq!(own.code().as_str(), "INTERNAL_ERROR");
    }

    #[tokio::test]
    async fn what_the_system_refuses_is_counted_as_failed_only_in_the_servers_own_store() {
        let mut registry = Registry::default();
        let traffic = Traffic::register(&mut registry);
        let buckets = Clients::new(StoreSettings::default()).unwrap();
        // Nobody can make a folder there.
        let own = Store::own(Arm::Local(LocalStore::new(PathBuf::from("/proc/nope"))));
        for uri in ["mlflow-artifacts:/1", "file:///proc/nope"] {
            let place = Place::of(uri, Some(&own), &buckets).await.unwrap().metered(&traffic);
            let new = NewArtifact::parse(ArtifactPath::parse("x").unwrap()).unwrap();
            place.upload(&new, "content".into()).await.unwrap_err();
        }
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let uploads = "forebay_artifact_operations_total{store=\"local\",operation=\"upload\",outcome=";
        for counted in ["\"ok\"} 0\n", "\"refused\"} 1\n", "\"failed\"} 1\n"] {
            assert!(text.contains(&format!("{uploads}{counted}")), "{text}");
        }
    }

    #[tokio::test]
    async fn a_place_is_deleted_with_all_that_is_in_it_and_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let buckets = Clients::new(StoreSettings::default()).unwrap();
        let own = Store::own(Arm::Local(LocalStore::new(home.path().join("own"))));
        let chosen = format!("file://{}/chosen/1", home.path().display());
        for uri in [&*chosen, "mlflow-artifacts:/1"] {
            let place = Place::of(uri, Some(&own), &buckets).await.unwrap();
            place.delete().await.unwrap();
            for name in ["a/x", "y"] {
                let new = NewArtifact::parse(ArtifactPath::parse(name).unwrap()).unwrap();
                place.upload(&new, "content".into()).await.unwrap();
            }
            assert_eq!(place.measure().await.unwrap(), Extent { n_files: 2, size_bytes: 14 });
            std::fs::write(home.path().join("own/2"), "kept").unwrap_or_default();
            place.delete().await.unwrap();
            assert_eq!(place.measure().await.unwrap(), Extent::default());
        }
        assert_eq!(std::fs::read_to_string(home.path().join("own/2")).unwrap(), "kept");
        assert_eq!(std::fs::read_dir(home.path().join("chosen")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn no_place_is_a_whole_store() {
        let buckets = Clients::new(StoreSettings::default()).unwrap();
        let own = Store::own(Arm::Local(LocalStore::new(PathBuf::from("/srv"))));
        for uri in ["mlflow-artifacts:/", "file:///", "s3://bucket", "s3://bucket/"] {
            let place = Place::of(uri, Some(&own), &buckets).await.unwrap();
            assert!(matches!(place.delete().await, Err(StoreError::Invalid(_))), "{uri}");
        }
    }

    #[test]
    fn tricks_in_a_stored_location_are_refused() {
        for uri in [
            "mlflow-artifacts:/../x",
            "mlflow-artifacts:/a/%2e%2e/x",
            "mlflow-artifacts:/a?/r/artifacts",
            "file:///etc#/r/artifacts",
            "file:///etc?/r/artifacts",
            "s3://bucket/x?endpoint=http://evil.example",
            "s3://evil.example:80/x",
            "s3:bucket/x",
            "file://host/x",
            "http://h/elsewhere/1/r",
            "",
            "file:",
            "/a%00b",
        ] {
            assert!(Location::parse(uri).is_err(), "{uri}");
        }
    }
}
