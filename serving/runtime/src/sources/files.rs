//! The files of a model where they are not used in place, and how they are listed and read.

use bytes::Bytes;
use forebay_client::Resume;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::error::SourceError;
use super::inner_path::InnerPath;

/// More than any model has; a listing that has no end is refused here.
const MAX_ENTRIES: usize = 100_000;

/// A folder of files that is elsewhere.
pub trait ModelFiles: Send + Sync {
    /// A URI for messages, and for telling this folder from others.
    fn place(&self) -> &str;

    /// All files, in any order, with checked paths. [`listing`] is what a model may have.
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
/// There are none, or two have one path.
pub async fn listing(files: &dyn ModelFiles) -> Result<Vec<ModelFile>, SourceError> {
    let mut listed = files.list().await?;
    listed.sort();
    let refuse = |reason: String| Err(SourceError::Listing { uri: files.place().to_owned(), reason });
    if listed.is_empty() {
        return refuse("there are no files".to_owned());
    }
    match listed.windows(2).find(|pair| pair[0].path == pair[1].path) {
        Some(pair) => refuse(format!("there are two files at '{}'", pair[0].path.as_str())),
        None => Ok(listed),
    }
}

/// Checks the entries of a listing as they come, files and folders.
pub(crate) struct Entries<'a> {
    place: &'a str,
    n_entries: usize,
}

impl<'a> Entries<'a> {
    /// None yet, of the folder at this place.
    pub(crate) fn of(place: &'a str) -> Self {
        Entries { place, n_entries: 0 }
    }

    /// The path of the next entry, as somebody lists it.
    ///
    /// # Errors
    /// It leads out of the folder, or there are more entries than any model has.
    pub(crate) fn path(&mut self, path: &str) -> Result<InnerPath, SourceError> {
        self.n_entries += 1;
        if self.n_entries > MAX_ENTRIES {
            let reason = format!("there are more than {MAX_ENTRIES} files");
            return Err(SourceError::Listing { uri: self.place.to_owned(), reason });
        }
        InnerPath::parse(path).map_err(|source| SourceError::Path { uri: self.place.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_without_an_end_is_refused() {
        let mut entries = Entries::of("s3://bucket/model");
        assert!((0..MAX_ENTRIES).all(|number| entries.path(&number.to_string()).is_ok()));
        let error = entries.path("one-more").unwrap_err().to_string();
        assert_eq!(error, "s3://bucket/model: there are more than 100000 files");
    }

    #[test]
    fn a_path_that_leads_out_is_told_with_its_place() {
        let error = Entries::of("s3://bucket/model").path("../key").unwrap_err().to_string();
        assert!(error.starts_with("s3://bucket/model: "), "{error}");
    }
}
