//! Files in an object store, read without a tracking server between.

use std::collections::BTreeSet;
use std::sync::Arc;

use forebay_client::Resume;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore};

use super::error::SourceError;
use super::files::{Content, Entries, ModelFile, ModelFiles};

/// Who opens object stores: endpoints and credentials are the operator's.
pub trait Buckets: Send + Sync {
    /// The folder that a URI such as `s3://bucket/a/b` names.
    ///
    /// # Errors
    /// Why it cannot be opened, without a full stop.
    fn open<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<BucketFolder, String>>;
}

/// A folder in an object store.
#[derive(Debug, Clone)]
pub struct BucketFolder {
    /// The bucket.
    pub store: Arc<dyn ObjectStore>,
    /// What every key in the folder begins with; empty for the whole bucket.
    pub prefix: Path,
}

/// The files in such a folder.
pub(crate) struct BucketFiles {
    uri: String,
    folder: BucketFolder,
}

impl BucketFiles {
    pub(crate) fn new(uri: String, folder: BucketFolder) -> Self {
        BucketFiles { uri, folder }
    }

    async fn walk(&self) -> Result<Vec<ModelFile>, SourceError> {
        let BucketFolder { store, prefix } = &self.folder;
        let mut objects = store.list(Some(prefix));
        let (mut listed, mut checked) = (Vec::new(), Entries::of(&self.uri));
        while let Some(object) = objects.try_next().await.map_err(|source| self.failed(source))? {
            // What some tools write in place of an empty folder has no path of its own.
            let Some(path) = inner_path(prefix, &object) else { continue };
            let path = checked.path(&path)?;
            listed.push(ModelFile { path, size_bytes: Some(object.size), etag: object.e_tag });
        }
        let folders: BTreeSet<&str> =
            listed.iter().flat_map(|file| folders_above(file.path.as_str())).collect();
        let is_marker = |file: &ModelFile| file.size_bytes == Some(0) && folders.contains(file.path.as_str());
        Ok(listed.iter().filter(|file| !is_marker(file)).cloned().collect())
    }

    async fn read(&self, file: &ModelFile, resume: Option<Resume<'_>>) -> Result<Content, SourceError> {
        let BucketFolder { store, prefix } = &self.folder;
        let key = format!("{prefix}/{}", file.path.as_str());
        let key = Path::parse(key.trim_start_matches('/'));
        let key = key.map_err(|error| self.failed(error.into()))?;
        let resume = resume.filter(|resume| file.etag.as_deref() == Some(resume.etag));
        let options = GetOptions {
            if_match: file.etag.clone(),
            range: resume.map(|resume| GetRange::Offset(resume.size_bytes)),
            ..GetOptions::default()
        };
        let got = store.get_opts(&key, options).await.map_err(|source| self.failed(source))?;
        let (start, etag, uri) = (got.range.start, got.meta.e_tag.clone(), self.uri.clone());
        let failed = move |source| SourceError::Bucket { uri: uri.clone(), source };
        Ok(Content { start, etag, chunks: got.into_stream().map_err(failed).boxed() })
    }

    fn failed(&self, source: object_store::Error) -> SourceError {
        SourceError::Bucket { uri: self.uri.clone(), source }
    }
}

impl ModelFiles for BucketFiles {
    fn place(&self) -> &str {
        &self.uri
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<ModelFile>, SourceError>> {
        Box::pin(self.walk())
    }

    fn open<'a>(
        &'a self,
        file: &'a ModelFile,
        resume: Option<Resume<'a>>,
    ) -> BoxFuture<'a, Result<Content, SourceError>> {
        Box::pin(self.read(file, resume))
    }
}

fn inner_path(prefix: &Path, object: &ObjectMeta) -> Option<String> {
    let parts: Vec<_> = object.location.prefix_match(prefix)?.map(|part| part.as_ref().to_owned()).collect();
    Some(parts.join("/")).filter(|path| !path.is_empty())
}

fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(move |(end, _)| &path[..end])
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{ObjectStoreExt as _, PutPayload};

    use super::super::files::listing;
    use super::*;

    async fn bucket(objects: &[(&str, &'static str)]) -> BucketFiles {
        let store = InMemory::new();
        for (key, content) in objects {
            store.put(&Path::parse(key).unwrap(), PutPayload::from_static(content.as_bytes())).await.unwrap();
        }
        let folder = BucketFolder { store: Arc::new(store), prefix: Path::parse("models/a").unwrap() };
        BucketFiles::new("s3://bucket/models/a".to_owned(), folder)
    }

    async fn text(content: Content) -> String {
        let chunks: Vec<_> = content.chunks.try_collect().await.unwrap();
        String::from_utf8(chunks.concat()).unwrap()
    }

    #[tokio::test]
    async fn files_are_those_below_the_folder_and_no_markers() {
        let files = bucket(&[
            ("models/a/MLmodel", "m"),
            ("models/a/data/x y", "12345"),
            ("models/a/data", ""),
            ("models/ab/other", "o"),
        ])
        .await;
        let listed = listing(&files).await.unwrap();
        let paths: Vec<_> = listed.iter().map(|file| (file.path.as_str(), file.size_bytes)).collect();
        assert_eq!(paths, [("MLmodel", Some(1)), ("data/x y", Some(5))]);
    }

    #[tokio::test]
    async fn a_file_is_read_on_if_it_is_the_same_and_from_its_beginning_if_not() {
        let files = bucket(&[("models/a/x", "12345")]).await;
        let listed = listing(&files).await.unwrap();
        let etag = listed[0].etag.clone().unwrap();
        let rest = files.open(&listed[0], Some(Resume { size_bytes: 3, etag: &etag })).await.unwrap();
        assert_eq!((rest.start, text(rest).await), (3, "45".to_owned()));
        let whole = files.open(&listed[0], Some(Resume { size_bytes: 3, etag: "other" })).await.unwrap();
        assert_eq!((whole.start, text(whole).await), (0, "12345".to_owned()));
    }
}
