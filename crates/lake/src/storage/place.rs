//! A place: a path, an object, or a pipe.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStoreExt as _, PutPayload};
use url::Url;

use super::object::Object;
use super::{Lake, local, object};
use crate::Error;

/// The schemes of object stores, with what Spark calls them.
const OBJECT_SCHEMES: [(&str, &str); 6] =
    [("s3", "s3"), ("s3a", "s3"), ("gs", "gs"), ("wasbs", "wasbs"), ("abfss", "abfss"), ("abfs", "abfss")];

/// Where a file or a folder is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// Standard input or standard output.
    Pipe,
    Local(PathBuf),
    Object(Object),
}

/// What an address names, before anything is opened.
enum Address {
    Pipe,
    Local(PathBuf),
    Object { base: String, key: String },
}

impl Address {
    /// Reads an address; `-` is a pipe, and what has no scheme is a path.
    fn parse(text: &str) -> Result<Self, Error> {
        let unusable = |reason: &str| Error::Address { uri: text.to_owned(), reason: reason.to_owned() };
        if text == "-" {
            return Ok(Address::Pipe);
        }
        if text.is_empty() {
            return Err(unusable("it is empty"));
        }
        let Some((scheme, rest)) = text.split_once(':').filter(|(_, rest)| rest.starts_with('/')) else {
            return Ok(Address::Local(PathBuf::from(text)));
        };
        if scheme == "file" {
            let path = Url::parse(text).ok().and_then(|url| url.to_file_path().ok());
            return path.map(Address::Local).ok_or_else(|| unusable("it names no path of this machine"));
        }
        let known = OBJECT_SCHEMES.iter().find(|(known, _)| *known == scheme);
        let (Some((_, scheme)), Some(rest)) = (known, rest.strip_prefix("//")) else {
            return Err(unusable("it is neither a path nor the address of an object store"));
        };
        // A pattern may hold characters that a URL gives a meaning to, so only the bucket is read as a URL.
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(unusable("it names no bucket"));
        }
        let (base, key) = (format!("{scheme}://{bucket}"), key.trim_end_matches('/').to_owned());
        Ok(Address::Object { base, key })
    }
}

/// The same for all texts that name a place, as far as this machine and the addresses tell, also before anything is there. What
/// is in a folder begins with it, name by name. Nothing is opened for it.
///
/// # Errors
/// The text names no place.
pub fn canonical(text: &str) -> Result<PathBuf, Error> {
    Ok(match Address::parse(text)? {
        Address::Pipe => PathBuf::from("-"),
        Address::Local(path) => local::canonical(&path),
        Address::Object { base, key } => PathBuf::from(object::canonical(&base, &key)),
    })
}

impl Place {
    /// Reads an address, and opens the bucket that it names.
    pub(crate) fn parse(lake: &Lake, text: &str) -> Result<Self, Error> {
        Ok(match Address::parse(text)? {
            Address::Pipe => Place::Pipe,
            Address::Local(path) => Place::Local(path),
            Address::Object { base, key } => Place::Object(Object {
                store: lake.store(&base)?,
                key,
                base,
                runtime: lake.runtime().clone(),
            }),
        })
    }

    /// How people know it.
    pub(crate) fn uri(&self) -> String {
        match self {
            Place::Pipe => "-".to_owned(),
            Place::Local(path) => path.display().to_string(),
            Place::Object(object) => object.uri(),
        }
    }

    /// A name below a folder.
    pub(crate) fn join(&self, name: &str) -> Place {
        match self {
            Place::Pipe => Place::Pipe,
            Place::Local(path) => Place::Local(path.join(name)),
            Place::Object(object) => Place::Object(object.join(name)),
        }
    }

    /// All of a small file; none where there is none.
    pub(crate) fn read_small(&self) -> Result<Option<Vec<u8>>, Error> {
        let uri = self.uri();
        match self {
            Place::Pipe => Ok(None),
            Place::Local(path) => match std::fs::read(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                read => read.map(Some).map_err(Error::io(&uri)),
            },
            Place::Object(object) => {
                let key = object.key()?;
                let read = async { object.store.get(&key).await?.bytes().await };
                match object.ask(read) {
                    Err(object_store::Error::NotFound { .. }) => Ok(None),
                    read => read.map(|bytes| Some(bytes.to_vec())).map_err(Error::store(&uri)),
                }
            }
        }
    }

    /// Whether there is something of that name, or a link that leads nowhere.
    pub(crate) fn is_taken(&self) -> Result<bool, Error> {
        let uri = self.uri();
        match self {
            Place::Pipe => Ok(false),
            Place::Local(path) => match path.symlink_metadata() {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
                found => found.map(|_| true).map_err(Error::io(&uri)),
            },
            Place::Object(object) => {
                let key = object.key()?;
                match object.ask(object.store.head(&key)) {
                    Err(object_store::Error::NotFound { .. }) => Ok(false),
                    found => found.map(|_| true).map_err(Error::store(&uri)),
                }
            }
        }
    }

    /// Writes a small file, whole or not at all.
    pub(crate) fn write_small(&self, content: &[u8]) -> Result<(), Error> {
        let uri = self.uri();
        match self {
            Place::Pipe => Ok(()),
            Place::Local(path) => local::write_whole(path, content).map_err(Error::io(&uri)),
            Place::Object(object) => {
                let (key, payload) = (object.key()?, PutPayload::from(content.to_vec()));
                let put = object.store.put(&key, payload);
                object.ask(put).map(drop).map_err(Error::store(&uri))
            }
        }
    }

    /// Removes a file, if it is there.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        let uri = self.uri();
        match self {
            Place::Pipe => Ok(()),
            Place::Local(path) => match std::fs::remove_file(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                removed => removed.map_err(Error::io(&uri)),
            },
            Place::Object(object) => {
                let key = object.key()?;
                match object.ask(object.store.delete(&key)) {
                    Err(object_store::Error::NotFound { .. }) => Ok(()),
                    removed => removed.map_err(Error::store(&uri)),
                }
            }
        }
    }

    /// The names of the files directly in a folder; none where there is no folder.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        let uri = self.uri();
        match self {
            Place::Pipe => Ok(Vec::new()),
            Place::Local(path) => local::names(path).map_err(Error::io(&uri)),
            Place::Object(_) => Ok(self.sizes()?.into_keys().collect()),
        }
    }

    /// The same with how many bytes each has.
    pub(crate) fn sizes(&self) -> Result<HashMap<String, u64>, Error> {
        let uri = self.uri();
        match self {
            Place::Pipe => Ok(HashMap::new()),
            Place::Local(path) => local::sizes(path).map_err(Error::io(&uri)),
            Place::Object(object) => {
                let key = object.key()?;
                let prefix = (!object.key.is_empty()).then_some(&key);
                let list = object.store.list_with_delimiter(prefix);
                let found = object.ask(list).map_err(Error::store(&uri))?;
                let name = |key: &Key| key.filename().map(str::to_owned);
                let sized = |meta: &ObjectMeta| Some((name(&meta.location)?, meta.size));
                Ok(found.objects.iter().filter_map(sized).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use futures_util::future::BoxFuture;
    use object_store::ObjectStore;
    use object_store::memory::InMemory;
    use tokio::runtime::Builder;

    use super::*;
    use crate::Buckets;

    struct Memory;

    impl Buckets for Memory {
        fn open<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Arc<dyn ObjectStore>, String>> {
            Box::pin(async { Ok(Arc::new(InMemory::new()) as Arc<dyn ObjectStore>) })
        }
    }

    fn canonical(text: &str) -> PathBuf {
        let runtime = Builder::new_current_thread().build().unwrap();
        let lake = Lake::new(runtime.handle().clone(), Box::new(Memory));
        lake.canonical(text).unwrap()
    }

    #[test]
    fn an_object_has_one_canonical_address() {
        for (one, other) in [
            ("s3://b/in/t.parquet", "s3a://b/in/t.parquet"),
            ("s3://b/in", "s3a://b/in/"),
            ("s3://b/in/t.parquet", "s3://b//in/t.parquet"),
            ("abfss://c@a.dfs.core.windows.net/in", "abfs://c@a.dfs.core.windows.net/in"),
            ("abfss://c@a.dfs.core.windows.net/in", "wasbs://c@a.blob.core.windows.net/in"),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one} {other}");
        }
        for (one, other) in [
            ("s3://b/t", "gs://b/t"),
            ("s3://b/t", "s3://c/t"),
            ("abfss://c@a.dfs.core.windows.net/t", "wasbs://c@b.blob.core.windows.net/t"),
        ] {
            assert_ne!(canonical(one), canonical(other), "{one} {other}");
        }
        assert!(canonical("s3a://b/in/new/t").starts_with(canonical("s3://b/in")));
        assert!(!canonical("s3a://b/inner/t").starts_with(canonical("s3://b/in")));
    }

    #[test]
    fn a_path_has_one_canonical_form_before_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("a b"), folder.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let at = |folder: &Path, name: &str| folder.join(name).display().to_string();
        let expected = real.canonicalize().unwrap().join("new/t.csv");
        let url = Url::from_file_path(real.join("new/t.csv")).unwrap();
        assert!(url.as_str().contains("a%20b"));
        for text in
            [at(&real, "new/t.csv"), at(&link, "new/t.csv"), at(&link, "../a b/new/t.csv"), url.to_string()]
        {
            assert_eq!(canonical(&text), expected, "{text}");
        }
    }
}
