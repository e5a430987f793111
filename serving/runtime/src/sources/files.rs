//! The files of a model where they are not used in place, and how they are listed and read.

use bytes::Bytes;
use forebay_client::Resume;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::error::SourceError;
use super::inner_path::InnerPath;

/// More than any model has; a listing that has no end is cut here.
pub(crate) const MAX_FILES: usize = 100_000;

/// A folder of files that is elsewhere.
pub trait ModelFiles: Send + Sync {
    /// A URI for messages, and for telling this folder from others.
    fn place(&self) -> &str;

    /// All files, in any order. [`listing`] is the checked one.
    fn list(&self) -> BoxFuture<'_, Result<Vec<ModelFile>, SourceError>>;

    /// Begins to read a file: from where `resume` ends if that can be, and is still the same file, and else from its
    /// beginning.
    fn open<'a>(
        &'a self,
        file: &'a ModelFile,
        resume: Option<Resume<'a>>,
    ) -> BoxFuture<'a, Result<Content, SourceError>>;
}

/// A file in such a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelFile {
    /// Below the folder.
    pub path: InnerPath,
    /// As the listing says.
    pub size_bytes: Option<u64>,
    /// What tells this state of the file from others, if the listing says.
    pub etag: Option<String>,
}

/// What a file holds, as it comes in.
pub struct Content {
    /// The position in the file at which it begins.
    pub start: u64,
    /// Of the file that is read, if that can be told for certain.
    pub etag: Option<String>,
    /// From there to the end.
    pub chunks: BoxStream<'static, Result<Bytes, SourceError>>,
}

/// All files of a folder, in the order of their paths.
///
/// # Errors
/// There are none or too many, or two have one path.
pub async fn listing(files: &dyn ModelFiles) -> Result<Vec<ModelFile>, SourceError> {
    let mut listed = files.list().await?;
    listed.sort();
    let refuse = |reason: String| Err(SourceError::Listing { uri: files.place().to_owned(), reason });
    if listed.is_empty() {
        return refuse("there are no files".to_owned());
    }
    if listed.len() > MAX_FILES {
        return refuse(format!("there are more than {MAX_FILES} files"));
    }
    match listed.windows(2).find(|pair| pair[0].path == pair[1].path) {
        Some(pair) => refuse(format!("there are two files at '{}'", pair[0].path.as_str())),
        None => Ok(listed),
    }
}

/// A path as somebody lists it.
pub(crate) fn checked_path(place: &str, path: &str) -> Result<InnerPath, SourceError> {
    InnerPath::parse(path).map_err(|source| SourceError::Path { uri: place.to_owned(), source })
}
