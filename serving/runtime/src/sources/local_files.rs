//! Files in a folder of this machine that are to be copied rather than used in place.

use std::fs;
use std::path::{Path, PathBuf};

use forebay_client::Resume;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, try_unfold};
use tokio::io::AsyncReadExt as _;

use super::error::{SourceError, disk};
use super::files::{Content, Entries, ModelFile, ModelFiles};

/// How much is read at once, in bytes.
const CHUNK: usize = 256 * 1024;

/// A folder of this machine.
pub struct LocalFiles {
    root: PathBuf,
    place: String,
}

impl LocalFiles {
    /// The folder at a path.
    pub fn new(root: PathBuf) -> Self {
        LocalFiles { place: root.display().to_string(), root }
    }
}

impl ModelFiles for LocalFiles {
    fn place(&self) -> &str {
        &self.place
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<ModelFile>, SourceError>> {
        let (root, place) = (self.root.clone(), self.place.clone());
        Box::pin(async move {
            let walked = tokio::task::spawn_blocking(move || walk(&root)).await;
            walked.map_err(|error| SourceError::Disk { path: place, source: error.into() })?
        })
    }

    fn open<'a>(
        &'a self,
        file: &'a ModelFile,
        _resume: Option<Resume<'a>>,
    ) -> BoxFuture<'a, Result<Content, SourceError>> {
        Box::pin(async move {
            let path = file.path.below(&self.root);
            let opened = tokio::fs::File::open(&path).await.map_err(disk(&path))?;
            Ok(Content { start: 0, etag: None, chunks: chunks(opened, path) })
        })
    }
}

fn chunks(file: tokio::fs::File, path: PathBuf) -> BoxStream<'static, Result<bytes::Bytes, SourceError>> {
    try_unfold((file, path), |(mut file, path)| async move {
        let mut chunk = bytes::BytesMut::with_capacity(CHUNK);
        let n_read = file.read_buf(&mut chunk).await.map_err(disk(&path))?;
        Ok((n_read > 0).then(|| (chunk.freeze(), (file, path))))
    })
    .boxed()
}

fn walk(root: &Path) -> Result<Vec<ModelFile>, SourceError> {
    let real_root = root.canonicalize().map_err(disk(root))?;
    let place = root.display().to_string();
    let refuse = |reason: String| SourceError::Listing { uri: place.clone(), reason };
    let (mut files, mut folders) = (Vec::new(), vec![String::new()]);
    let mut checked = Entries::of(&place);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).map_err(disk(root))? {
            let entry = entry.map_err(disk(root))?;
            let name = entry.file_name().into_string();
            let name = name.map_err(|_| refuse("a file has a name that is not UTF-8".to_owned()))?;
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let path = checked.path(&path)?;
            let metadata = checked_metadata(&entry, &real_root).map_err(disk(&entry.path()))?;
            if metadata.is_dir() {
                folders.push(path.as_str().to_owned());
            } else {
                files.push(ModelFile { path, size_bytes: Some(metadata.len()), etag: None });
            }
        }
    }
    Ok(files)
}

/// What is behind an entry. Links are followed to files inside of the root alone.
fn checked_metadata(entry: &fs::DirEntry, real_root: &Path) -> std::io::Result<fs::Metadata> {
    let metadata = fs::metadata(entry.path())?;
    let is_link = entry.file_type()?.is_symlink();
    let leads_out = is_link && (metadata.is_dir() || !entry.path().canonicalize()?.starts_with(real_root));
    if leads_out || !(metadata.is_dir() || metadata.is_file()) {
        return Err(std::io::Error::other("it is a link out of the model's folder, or no file"));
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_to_files_inside_and_nowhere_else() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("model");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(root.join("sub/a"), "12").unwrap();
        std::os::unix::fs::symlink("sub/a", root.join("link")).unwrap();
        let mut files = walk(&root).unwrap();
        files.sort();
        let paths: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.size_bytes)).collect();
        assert_eq!(paths, [("link", Some(2)), ("sub/a", Some(2))]);
        for target in ["/etc/passwd", "..", "sub"] {
            std::os::unix::fs::symlink(target, root.join("bad")).unwrap();
            assert!(walk(&root).is_err(), "{target}");
            fs::remove_file(root.join("bad")).unwrap();
        }
    }
}
