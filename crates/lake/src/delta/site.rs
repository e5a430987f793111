//! Where a Delta table is, as the kernel has to know it.

use std::sync::Arc;

use delta_kernel::{FileMeta, KernelError};
use futures_util::StreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::runtime::Handle;
use url::Url;

use super::kernel::{self, Engine};
use crate::storage::files;
use crate::storage::place::Place;
use crate::{Error, Lake};

/// The folder that makes a table of the folder that it is in.
pub(crate) const LOG: &str = "_delta_log";

/// The root of a table, and the store that it is in.
#[derive(Clone)]
pub(crate) struct Site {
    pub(super) place: Place,
    pub(super) root: Url,
    store: Arc<dyn ObjectStore>,
    runtime: Handle,
}

impl Site {
    /// The root of the table that is, or will be, at a place.
    pub(super) fn at(lake: &Lake, place: &Place) -> Result<Self, Error> {
        let unusable =
            || Error::Address { uri: place.uri(), reason: "no table can be in such a place".to_owned() };
        let (root, store): (Url, Arc<dyn ObjectStore>) = match place {
            Place::Pipe => return Err(unusable()),
            Place::Local(path) => {
                let absolute = path.canonicalize().or_else(|_| std::path::absolute(path));
                let path = absolute.map_err(Error::io(&place.uri()))?;
                let root = Url::from_directory_path(path).map_err(|()| unusable())?;
                (root, Arc::new(LocalFileSystem::new()))
            }
            Place::Object(object) => {
                let mut root = Url::parse(&object.base).map_err(|_| unusable())?;
                let segments = object.key.split('/').filter(|part| !part.is_empty());
                root.path_segments_mut().map_err(|()| unusable())?.extend(segments).push("");
                (root, Arc::clone(&object.store))
            }
        };
        Ok(Site { place: place.clone(), root, store, runtime: lake.runtime().clone() })
    }

    /// Whether there is a table.
    pub(super) fn has_log(&self) -> Result<bool, Error> {
        match self.place.join(LOG) {
            Place::Pipe => Ok(false),
            Place::Object(object) if files::is_pattern(&object.key) => Ok(false),
            Place::Local(path) => Ok(path.is_dir()),
            Place::Object(object) => {
                let prefix = object.key()?;
                let first = async { object.store.list(Some(&prefix)).next().await.transpose() };
                object.runtime.block_on(first).map(|found| found.is_some()).map_err(Error::store(&self.uri()))
            }
        }
    }

    /// Whether there is a commit: whoever makes a table makes the folder of its log first.
    pub(super) fn has_commit(&self) -> Result<bool, Error> {
        let is_commit = |name: &String| name.starts_with(|first: char| first.is_ascii_digit());
        Ok(self.has_log()? && self.place.join(LOG).names()?.iter().any(is_commit))
    }

    pub(super) fn uri(&self) -> String {
        self.place.uri()
    }

    /// An engine for the log.
    pub(super) fn engine(&self) -> Engine {
        kernel::for_log(Arc::clone(&self.store), &self.runtime)
    }

    /// An engine for the data.
    pub(super) fn engine_for_rows(&self, max_rows: usize) -> Engine {
        kernel::for_rows(Arc::clone(&self.store), &self.runtime, max_rows)
    }

    /// A file of the table, by the path that the log has.
    ///
    /// # Errors
    /// It is in another store: that of a table that this one was cloned from.
    pub(super) fn file(&self, path: &str) -> Result<Url, String> {
        let url = self.root.join(path).map_err(|error| format!("the path '{path}' is unusable: {error}"))?;
        let store = |url: &Url| (url.scheme().to_owned(), url.authority().to_owned());
        if store(&url) == store(&self.root) {
            Ok(url)
        } else {
            Err(format!("the file '{url}' is in another store than the table"))
        }
    }

    /// A file of the table by its own name, in which a percent sign is one.
    pub(super) fn location(&self, name: &str) -> Result<Url, Error> {
        let mut url = self.root.clone();
        let unusable = || Error::Address { uri: self.uri(), reason: "it has no files".to_owned() };
        url.path_segments_mut().map_err(|()| unusable())?.pop_if_empty().extend(name.split('/'));
        Ok(url)
    }

    /// What the store says of a file.
    pub(super) fn meta(&self, location: Url) -> Result<FileMeta, Error> {
        let uri = location.to_string();
        let path = Path::from_url_path(location.path())
            .map_err(|error| Error::Address { uri: uri.clone(), reason: error.to_string() })?;
        let found = self.runtime.block_on(self.store.head(&path)).map_err(Error::store(&uri))?;
        Ok(FileMeta { location, last_modified: found.last_modified.timestamp_millis(), size: found.size })
    }

    /// An error of the kernel about a version, or about the whole table.
    pub(super) fn error(&self, version: Option<u64>) -> impl Fn(KernelError) -> Error + use<> {
        let uri = self.uri();
        move |error| Error::Delta { uri: uri.clone(), version, reason: told(&error) }
    }
}

/// What the kernel says, in one line: with `RUST_BACKTRACE` it says how it came to say it, too.
pub(super) fn told(error: &KernelError) -> String {
    error.without_backtrace().to_string()
}
