//! Files that a tracking server lists and sends, folder by folder.

use forebay_client::{ArtifactFolder, Client, Download, Resume};
use forebay_wire::artifacts::FileInfo;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::try_unfold;

use super::error::SourceError;
use super::files::{Content, Entries, ModelFile, ModelFiles};

/// A folder among the artifacts of a server.
pub(crate) struct ServerFiles {
    client: Client,
    root: ArtifactFolder,
    /// The folder below the root: empty, or with a slash at its end. Always empty behind the proxy.
    prefix: String,
    place: String,
}

impl ServerFiles {
    /// The folder at a path below `root`.
    pub(crate) fn new(client: Client, root: ArtifactFolder, folder: &str) -> Self {
        let prefix = match folder.trim_end_matches('/') {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let place = match &root {
            ArtifactFolder::Proxied(uri) => uri.clone(),
            ArtifactFolder::Run(run_id) => format!("runs:/{run_id}/{folder}"),
            ArtifactFolder::LoggedModel(model_id) => format!("models:/{model_id}/{folder}"),
        };
        ServerFiles { client, root, prefix, place: place.trim_end_matches('/').to_owned() }
    }

    async fn walk(&self) -> Result<Vec<ModelFile>, SourceError> {
        let (mut files, mut folders) = (Vec::new(), vec![String::new()]);
        let mut checked = Entries::of(&self.place);
        while let Some(folder) = folders.pop() {
            let asked = format!("{}{folder}", self.prefix);
            let entries = self.client.list_folder(&self.root, asked.trim_end_matches('/')).await;
            let entries = entries.map_err(|source| failed(&self.place, source))?;
            for entry in entries {
                let path = checked.path(&self.below(&folder, &entry))?;
                if entry.is_dir == Some(true) {
                    folders.push(path.as_str().to_owned());
                } else {
                    let size_bytes = entry.file_size.and_then(|size| u64::try_from(size.0).ok());
                    files.push(ModelFile { path, size_bytes, etag: None });
                }
            }
        }
        Ok(files)
    }

    /// The path of an entry below this folder. One that is elsewhere is told so that the check refuses it.
    fn below(&self, folder: &str, entry: &FileInfo) -> String {
        let path = entry.path.as_deref().unwrap_or_default();
        match &self.root {
            ArtifactFolder::Proxied(_) if folder.is_empty() => path.to_owned(),
            ArtifactFolder::Proxied(_) => format!("{folder}/{path}"),
            _ => path.strip_prefix(&self.prefix).map_or_else(|| format!("../{path}"), str::to_owned),
        }
    }
}

impl ModelFiles for ServerFiles {
    fn place(&self) -> &str {
        &self.place
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<ModelFile>, SourceError>> {
        Box::pin(self.walk())
    }

    fn open<'a>(
        &'a self,
        file: &'a ModelFile,
        resume: Option<Resume<'a>>,
    ) -> BoxFuture<'a, Result<Content, SourceError>> {
        Box::pin(async move {
            let path = format!("{}{}", self.prefix, file.path.as_str());
            let download = self.client.open_artifact(&self.root, &path, resume).await;
            let download = download.map_err(|source| failed(&self.place, source))?;
            let (start, etag) = (download.start, download.etag.clone());
            Ok(Content { start, etag, chunks: chunks(download, self.place.clone()) })
        })
    }
}

fn chunks(
    download: Download,
    place: String,
) -> futures_util::stream::BoxStream<'static, Result<bytes::Bytes, SourceError>> {
    try_unfold((download, place), |(mut download, place)| async move {
        let chunk = download.chunk().await.map_err(|source| failed(&place, source))?;
        Ok(chunk.map(|chunk| (chunk, (download, place))))
    })
    .boxed()
}

fn failed(place: &str, source: forebay_client::Error) -> SourceError {
    SourceError::Registry { uri: place.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_is_elsewhere_is_not_taken_for_one_of_the_folder() {
        let client = Client::new("http://localhost:1").unwrap();
        let files = ServerFiles::new(client, ArtifactFolder::Run("r".to_owned()), "model");
        let entry = |path: &str| FileInfo { path: Some(path.to_owned()), ..FileInfo::default() };
        assert_eq!(files.below("", &entry("model/a/b")), "a/b");
        assert_eq!(files.below("", &entry("other/a")), "../other/a");
        assert_eq!(files.place(), "runs:/r/model");
    }
}
