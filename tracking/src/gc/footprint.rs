//! The part of a store that a location takes up, in a form in which two of them can be compared.
//!
//! The same folder has many names: with and without `file:`, behind the proxy and beside it, with slashes that
//! mean nothing, through a symbolic link, by either of Azure's interfaces. Here it has one, so that who deletes a
//! folder knows whose it is.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::artifacts::StoreError;
use crate::artifacts::object::Clients;
use crate::artifacts::place::Location;

/// The store that is this machine.
const LOCAL: &str = "file:";

/// What relative and proxied locations start from.
#[derive(Debug)]
pub(super) struct Roots {
    /// Where the proxy keeps what it is given.
    destination: Footprint,
    folder: PathBuf,
    buckets: Clients,
}

/// A folder of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Footprint {
    /// [`LOCAL`], or a bucket.
    store: String,
    /// On this machine, as it is written.
    path: Option<PathBuf>,
    names: Vec<String>,
    /// Behind the links that are in the path.
    real_names: Vec<String>,
}

impl Roots {
    /// `folder` is the absolute one that relative paths start from.
    pub(super) fn new(destination: &str, folder: &Path, buckets: Clients) -> Result<Self, StoreError> {
        let nowhere = Footprint::of_bucket(String::new(), Vec::new());
        let roots = Roots { destination: nowhere, folder: folder.to_owned(), buckets };
        let destination = roots.footprint(destination)?;
        Ok(Roots { destination, ..roots })
    }

    /// What a stored location takes up.
    pub(super) fn footprint(&self, uri: &str) -> Result<Footprint, StoreError> {
        match Location::parse(uri)? {
            Location::Local(path) => Ok(local(&self.folder.join(path))),
            Location::Proxied(folder) => Ok(self.destination.below(folder.segments())),
            Location::Object(address) => {
                let names = names(&address.prefix).map(str::to_owned).collect();
                Ok(Footprint::of_bucket(self.buckets.store_key(&address.bucket), names))
            }
            Location::Other(scheme) => Err(StoreError::UnknownScheme(scheme)),
        }
    }

    /// Where the proxy keeps what it is given.
    pub(super) fn destination(&self) -> String {
        self.destination.key()
    }

    /// Whether that is a folder on this machine, and not there.
    pub(super) fn is_destination_missing(&self) -> bool {
        self.destination.path.as_ref().is_some_and(|path| !path.exists())
    }
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

fn local(path: &Path) -> Footprint {
    Footprint {
        store: LOCAL.to_owned(),
        names: written_names(path),
        real_names: written_names(&real(path)),
        path: Some(path.to_owned()),
    }
}

/// The path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|outer| Some((outer, fs::canonicalize(outer).ok()?)));
    let joined = there.and_then(|(outer, real)| Some(real.join(path.strip_prefix(outer).ok()?)));
    joined.unwrap_or_else(|| path.to_owned())
}

/// Dots are resolved as they are written; a name that is not UTF-8 cannot have come out of a URI.
fn written_names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => drop(names.pop()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    names
}

impl Footprint {
    fn of_bucket(store: String, names: Vec<String>) -> Self {
        Footprint { store, path: None, real_names: names.clone(), names }
    }

    fn below<'a>(&self, names: impl Iterator<Item = &'a str>) -> Self {
        if let Some(path) = &self.path {
            return local(&names.fold(path.clone(), |path, name| path.join(name)));
        }
        let names = self.names.iter().cloned().chain(names.map(str::to_owned)).collect();
        Footprint::of_bucket(self.store.clone(), names)
    }

    /// One text for one folder; that of a folder further in goes on with a slash.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.store, self.real_names.join("/"))
    }

    /// The keys of this folder and of all that it is in, the innermost first.
    pub(super) fn keys_outwards(&self) -> impl Iterator<Item = String> {
        let (key, store) = (self.key(), self.store.len());
        let ends: Vec<usize> = key[store + 1..].match_indices('/').map(|(at, _)| store + 1 + at).collect();
        std::iter::once(key.len()).chain(ends.into_iter().rev()).map(move |end| key[..end].to_owned())
    }

    /// Why this cannot be the own folder of the owner with that id, if it cannot: MLflow puts the id into every
    /// location, so a folder without it belongs to more than this one.
    pub(super) fn not_of(&self, id: &str) -> Option<String> {
        let Some(own) = self.names.iter().position(|name| name == id) else {
            return Some(
                "its artifact location does not hold its id, so other things may be in it".to_owned(),
            );
        };
        if let Some(link) = self.path.as_ref().and_then(|_| link_below(&self.names, own)) {
            return Some(format!("its artifacts are behind the symbolic link '{}'", link.display()));
        }
        let is_elsewhere = !self.real_names.iter().any(|name| name == id);
        is_elsewhere.then(|| "its artifact location leads out of the folder with its id".to_owned())
    }
}

/// A link among the names of a path from that one on. Those further out are the operator's, who may have moved
/// folders elsewhere.
fn link_below(names: &[String], first: usize) -> Option<PathBuf> {
    let path = names.iter().fold(PathBuf::from("/"), |path, name| path.join(name));
    let is_link = |path: &&Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    path.ancestors().take(names.len() - first).find(is_link).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::StoreSettings;

    fn roots_with(destination: &str, settings: StoreSettings) -> Roots {
        Roots::new(destination, Path::new("/srv"), Clients::new(settings).unwrap()).unwrap()
    }

    fn roots(destination: &str) -> Roots {
        roots_with(destination, StoreSettings::default())
    }

    fn key(uri: &str) -> String {
        roots("./kept").footprint(uri).unwrap().key()
    }

    #[test]
    fn a_folder_has_one_key_whatever_it_is_called() {
        for uri in [
            "mlflow-artifacts:/1/a/artifacts",
            "mlflow-artifacts://host:5000/1//a/./artifacts/",
            "http://host/api/2.0/mlflow-artifacts/artifacts/1/a/artifacts",
            "/srv/kept/1/a/artifacts",
            "kept/1/a/artifacts",
            "file:///srv/kept/1/b/../a/artifacts",
            "file:/srv//kept/1/%61/artifacts",
        ] {
            assert_eq!(key(uri), "file:/srv/kept/1/a/artifacts", "{uri}");
        }
        assert_eq!(key("s3://bucket/a/b/"), "s3://bucket/a/b");
        let proxied = roots("s3://bucket/p").footprint("mlflow-artifacts:/1/a").unwrap();
        assert_eq!(proxied.key(), "s3://bucket/p/1/a");
        assert!(roots("x").footprint("ftp://host/x").is_err());
    }

    #[test]
    fn a_container_of_azure_has_one_key_by_either_interface_and_in_any_case() {
        let same = [
            "wasbs://c@acc.blob.core.windows.net/a%20b/1",
            "abfss://c@acc.dfs.core.windows.net/a%2520b/1",
            "wasbs://c@ACC.blob.core.windows.net/a%20b/1/",
        ];
        let others = [
            "wasbs://c@acc.blob.core.chinacloudapi.cn/a%20b/1",
            "wasbs://c@other.blob.core.windows.net/a%20b/1",
            "wasbs://other@acc.blob.core.windows.net/a%20b/1",
        ];
        for uri in same {
            assert_eq!(key(uri), "azure://c@acc.blob.core.windows.net/a%20b/1", "{uri}");
        }
        for uri in others {
            assert_ne!(key(uri), key(same[0]), "{uri}");
        }
    }

    #[test]
    fn the_account_of_azures_connection_string_is_that_of_all_uris() {
        let text = "AccountName=Mine;AccountKey=c2VjcmV0";
        let variable = ("AZURE_STORAGE_CONNECTION_STRING".to_owned(), text.to_owned());
        let roots = roots_with("x", StoreSettings::new([variable]));
        for uri in ["wasbs://c@acc.blob.core.windows.net/1", "abfss://c@other.dfs.core.chinacloudapi.cn/1"] {
            let key = roots.footprint(uri).unwrap().key();
            assert_eq!(key, "azure://c@mine.blob.core.windows.net/1", "{uri}");
        }
    }

    #[test]
    fn a_folder_has_one_key_through_links_too_even_before_it_is_there() {
        let home = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(home.path()).unwrap();
        fs::create_dir_all(home.join("disk/1")).unwrap();
        std::os::unix::fs::symlink(home.join("disk"), home.join("link")).unwrap();
        std::os::unix::fs::symlink(home.join("disk/1"), home.join("disk/one")).unwrap();
        let behind_proxy = roots(home.join("link").to_str().unwrap());
        let expected = format!("file:{}/disk/1/abc/artifacts", home.display());
        for name in ["disk/1", "link/1", "disk/one", "link/one", "link/new/../1"] {
            let uri = format!("{}/{name}/abc/artifacts", home.display());
            assert_eq!(key(&uri), expected, "{name}");
        }
        for uri in ["mlflow-artifacts:/1/abc/artifacts", "mlflow-artifacts:/one/abc/artifacts"] {
            assert_eq!(behind_proxy.footprint(uri).unwrap().key(), expected, "{uri}");
        }
    }

    #[test]
    fn dots_do_not_lead_out_of_the_owners_folder_through_a_link() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("abc")).unwrap();
        std::os::unix::fs::symlink(home.path(), home.path().join("abc/link")).unwrap();
        let out = home.path().join("abc/link/..");
        let why = roots("x").footprint(out.to_str().unwrap()).unwrap().not_of("abc").unwrap();
        assert_eq!(why, "its artifact location leads out of the folder with its id");
    }

    #[test]
    fn keys_lead_outwards_to_the_store() {
        let keys = |uri| roots("x").footprint(uri).unwrap().keys_outwards().collect::<Vec<_>>();
        assert_eq!(keys("/a/b/c"), ["file:/a/b/c", "file:/a/b", "file:/a"]);
        assert_eq!(keys("s3://b/a/c"), ["s3://b/a/c", "s3://b/a"]);
        assert_eq!(keys("s3://b"), ["s3://b/"]);
    }

    #[test]
    fn a_location_without_the_owners_id_is_not_its_own() {
        let not_of = |uri, id| roots("x").footprint(uri).unwrap().not_of(id);
        assert_eq!(not_of("mlflow-artifacts:/1/abc/artifacts", "abc"), None);
        for uri in ["mlflow-artifacts:/", "/", "s3://bucket", "/srv/1/abcd/artifacts", "/abc/.."] {
            assert!(not_of(uri, "abc").is_some(), "{uri}");
        }
    }

    #[test]
    fn links_further_out_are_the_operators_and_those_further_in_are_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir_all(path("disk/1/abc")).unwrap();
        fs::create_dir_all(path("other")).unwrap();
        std::os::unix::fs::symlink(path("disk"), path("link")).unwrap();
        let not_of = |path: PathBuf| roots("x").footprint(path.to_str().unwrap()).unwrap().not_of("abc");
        assert_eq!(not_of(path("link/1/abc/artifacts")), None);
        std::os::unix::fs::symlink(path("other"), path("disk/1/abc/artifacts")).unwrap();
        assert!(not_of(path("link/1/abc/artifacts")).unwrap().contains("symbolic link"));
    }
}
