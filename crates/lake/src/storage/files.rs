//! From what a user names to files: one, those of a folder, or those that a pattern matches.

use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use futures_util::{StreamExt as _, TryStreamExt as _};
use glob::{MatchOptions, Pattern};
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore as _, ObjectStoreExt as _};
use tempfile::TempPath;

use super::local::{self, MAX_FILES, is_hidden};
use super::logged;
use super::object::Object;
use super::object_reader::ObjectFile;
use super::place::Place;
use crate::Error;

const MATCH: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// A file of a table. Two that are equal have the same content, as far as their store tells.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// Its path or address.
    pub uri: String,
    /// 0 for a pipe.
    pub size_bytes: u64,
    /// The store's etag, or the time of the last change; empty for a pipe.
    pub version: String,
    pub(crate) place: Place,
    /// What came through a pipe and lies on the disk until the table is done.
    pub(crate) spooled: Option<Arc<TempPath>>,
}

/// A file that any part of can be read.
pub(crate) enum Opened {
    Local(File),
    Object(ObjectFile),
}

impl InputFile {
    pub(crate) fn pipe() -> Self {
        let (uri, version) = ("-".to_owned(), String::new());
        InputFile { uri, size_bytes: 0, version, place: Place::Pipe, spooled: None }
    }

    /// Whether any part of it can be read at once.
    pub(crate) fn is_local(&self) -> bool {
        self.spooled.is_some() || matches!(self.place, Place::Local(_))
    }

    /// Opens it; a pipe cannot be opened.
    pub(crate) fn open(&self) -> Result<Opened, Error> {
        if let Some(spooled) = &self.spooled {
            return File::open(spooled.as_ref()).map(Opened::Local).map_err(Error::io(&self.uri));
        }
        match &self.place {
            Place::Pipe => {
                Err(Error::content(&self.uri, "a pipe can be read once, from its start to its end"))
            }
            Place::Local(path) => File::open(path).map(Opened::Local).map_err(Error::io(&self.uri)),
            Place::Object(object) => {
                let version = Some(self.version.clone()).filter(|version| !version.is_empty());
                Ok(Opened::Object(ObjectFile::new(object, self.size_bytes, version)?))
            }
        }
    }
}

/// The files that a place stands for, in the order of their names.
pub(crate) fn files(place: &Place) -> Result<Vec<InputFile>, Error> {
    let found = match place {
        Place::Pipe => vec![InputFile::pipe()],
        Place::Local(path) => local_files(path)?,
        Place::Object(object) => objects(object)?,
    };
    if found.is_empty() { Err(Error::Nothing(place.uri())) } else { Ok(found) }
}

fn local_files(path: &Path) -> Result<Vec<InputFile>, Error> {
    let uri = path.display().to_string();
    let paths: Vec<PathBuf> = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => local::walk(path).map_err(Error::io(&uri))?,
        // Whoever names one file means that file.
        Ok(_) => return Ok(vec![local_file(path.to_owned())?]),
        Err(_) if is_pattern(&uri) => {
            let matches = glob::glob_with(&uri, MATCH).map_err(|error| unusable(&uri, &error))?;
            matches.flatten().filter(|path| path.is_file()).take(MAX_FILES).collect()
        }
        Err(_) => Vec::new(),
    };
    logged::check_paths(&uri, &paths)?;
    paths.into_iter().map(local_file).collect()
}

fn local_file(path: PathBuf) -> Result<InputFile, Error> {
    let uri = path.display().to_string();
    let metadata = fs::metadata(&path).map_err(Error::io(&uri))?;
    let (size_bytes, version) = (metadata.len(), changed(&metadata));
    Ok(InputFile { uri, size_bytes, version, place: Place::Local(path), spooled: None })
}

fn changed(metadata: &Metadata) -> String {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or_else(String::new, |since| since.as_nanos().to_string())
}

fn objects(object: &Object) -> Result<Vec<InputFile>, Error> {
    let uri = object.uri();
    if is_pattern(&object.key) {
        let pattern = Pattern::new(&object.key).map_err(|error| unusable(&uri, &error))?;
        let literal = object.key.split(['*', '?', '[']).next().unwrap_or_default();
        let folder = literal.rsplit_once('/').map_or("", |(folder, _)| folder);
        let below = list(&object.at(folder.to_owned()))?;
        let is_match = |meta: &&ObjectMeta| pattern.matches_with(meta.location.as_ref(), MATCH);
        let matching: Vec<ObjectMeta> = below.iter().filter(is_match).cloned().collect();
        logged::check_objects(object, &format!("{folder}/"), &below, &matching)?;
        return Ok(matching.into_iter().map(|meta| object_file(object, meta)).collect());
    }
    let key = object.key()?;
    if !object.key.is_empty() {
        match object.ask(object.store.head(&key)) {
            Ok(meta) => return Ok(vec![object_file(object, meta)]),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(Error::store(&uri)(error)),
        }
    }
    let is_data = |meta: &ObjectMeta| {
        let mut below = meta.location.prefix_match(&key).into_iter().flatten();
        meta.size > 0 && !below.any(|part| is_hidden(part.as_ref()))
    };
    let (below, is_data) = (list(object)?, |meta: &&ObjectMeta| is_data(meta));
    let data: Vec<ObjectMeta> = below.iter().filter(is_data).cloned().collect();
    logged::check_objects(object, &object.key, &below, &data)?;
    Ok(data.into_iter().map(|meta| object_file(object, meta)).collect())
}

/// All objects below a prefix, in the order of their keys.
fn list(object: &Object) -> Result<Vec<ObjectMeta>, Error> {
    let prefix: Option<Key> = if object.key.is_empty() { None } else { Some(object.key()?) };
    let listing = object.store.list(prefix.as_ref()).take(MAX_FILES).try_collect::<Vec<_>>();
    let mut found = object.ask(listing).map_err(Error::store(&object.uri()))?;
    found.sort_by(|one, other| one.location.cmp(&other.location));
    Ok(found)
}

fn object_file(object: &Object, meta: ObjectMeta) -> InputFile {
    let object = object.at(meta.location.to_string());
    let version = meta.e_tag.unwrap_or_default();
    let (uri, size_bytes) = (object.uri(), meta.size);
    InputFile { uri, size_bytes, version, place: Place::Object(object), spooled: None }
}

pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn unusable(uri: &str, reason: &impl ToString) -> Error {
    Error::Address { uri: uri.to_owned(), reason: reason.to_string() }
}
