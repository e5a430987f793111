//! The part of a store that a location takes up, in a form in which two of them can be compared.
//!
//! The same folder has many names: with and without `file:`, behind the proxy and beside it, with slashes that
//! mean nothing. Here it has one, so that who deletes a folder knows whose it is.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::artifacts::StoreError;
use crate::artifacts::place::Location;

/// The store that is this machine.
const LOCAL: &str = "file:";

/// What relative and proxied locations start from.
#[derive(Debug)]
pub(super) struct Roots {
    /// Where the proxy keeps what it is given.
    destination: Footprint,
    folder: PathBuf,
}

/// A folder of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Footprint {
    /// [`LOCAL`], or a bucket's URI.
    store: String,
    names: Vec<String>,
}

impl Roots {
    /// `folder` is the absolute one that relative paths start from.
    pub(super) fn new(destination: &str, folder: &Path) -> Result<Self, StoreError> {
        let nowhere = Footprint { store: String::new(), names: Vec::new() };
        let roots = Roots { destination: nowhere, folder: folder.to_owned() };
        let destination = roots.footprint(destination)?;
        Ok(Roots { destination, ..roots })
    }

    /// What a stored location takes up.
    pub(super) fn footprint(&self, uri: &str) -> Result<Footprint, StoreError> {
        match Location::parse(uri)? {
            Location::Local(path) => Ok(local(&self.folder.join(path))),
            Location::Proxied(folder) => {
                let mut footprint = self.destination.clone();
                footprint.names.extend(folder.segments().map(str::to_owned));
                Ok(footprint)
            }
            Location::Object(address) => Ok(Footprint {
                store: address.bucket.to_string(),
                names: names(&address.prefix).map(str::to_owned).collect(),
            }),
            Location::Other(scheme) => Err(StoreError::UnknownScheme(scheme)),
        }
    }

    /// Where the proxy keeps what it is given.
    pub(super) fn destination(&self) -> String {
        self.destination.key()
    }

    /// Whether that is a folder on this machine, and not there.
    pub(super) fn is_destination_missing(&self) -> bool {
        self.destination.path().is_some_and(|path| !path.exists())
    }
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// Dots are resolved as they are written; a name that is not UTF-8 cannot have come out of a URI.
fn local(path: &Path) -> Footprint {
    let mut names: Vec<String> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => drop(names.pop()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    Footprint { store: LOCAL.to_owned(), names }
}

impl Footprint {
    /// One text for one folder; that of a folder further in goes on with a slash.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.store, self.names.join("/"))
    }

    /// The keys of this folder and of all that it is in, the innermost first.
    pub(super) fn keys_outwards(&self) -> impl Iterator<Item = String> {
        let (key, store) = (self.key(), self.store.len());
        let ends: Vec<usize> = key[store + 1..].match_indices('/').map(|(at, _)| store + 1 + at).collect();
        std::iter::once(key.len()).chain(ends.into_iter().rev()).map(move |end| key[..end].to_owned())
    }

    /// The folder on this machine, if it is one.
    fn path(&self) -> Option<PathBuf> {
        let root = Path::new("/").to_owned();
        (self.store == LOCAL).then(|| self.names.iter().fold(root, |path, name| path.join(name)))
    }

    /// Why this cannot be the own folder of the owner with that id, if it cannot: MLflow puts the id into every
    /// location, so a folder without it belongs to more than this one.
    pub(super) fn not_of(&self, id: &str) -> Option<String> {
        let Some(own) = self.names.iter().position(|name| name == id) else {
            return Some(
                "its artifact location does not hold its id, so other things may be in it".to_owned(),
            );
        };
        let link = self.path().and_then(|path| link_below(&path, self.names.len() - own));
        link.map(|link| format!("its artifacts are behind the symbolic link '{}'", link.display()))
    }
}

/// A link among the last `n_names` names of a path. Those further out are the operator's, who may have moved
/// folders elsewhere.
fn link_below(path: &Path, n_names: usize) -> Option<PathBuf> {
    let is_link = |path: &&Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    path.ancestors().take(n_names).find(is_link).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(destination: &str) -> Roots {
        Roots::new(destination, Path::new("/srv")).unwrap()
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
