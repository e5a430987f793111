//! The local store on a real folder: what is written can be read, and nothing outside is ever touched.

use std::convert::Infallible;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use tempfile::TempDir;

use super::*;
use crate::model::artifact::Entry;
use crate::model::artifact_path::NewArtifact;

/// A store in `store`, next to a folder `outside` with a secret.
struct Fixture {
    home: TempDir,
    store: LocalStore,
}

impl Fixture {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("outside")).unwrap();
        fs::write(home.path().join("outside/secret"), "secret").unwrap();
        let store = LocalStore::new(home.path().join("store"));
        Fixture { home, store }
    }

    fn root(&self) -> PathBuf {
        self.home.path().join("store")
    }

    async fn put(&self, name: &str, content: &str) -> Result<(), StoreError> {
        let chunks = content.split_inclusive(' ').map(|part| Bytes::copy_from_slice(part.as_bytes()));
        let chunks: Vec<_> = chunks.map(Ok::<_, Infallible>).collect();
        self.store.upload(&NewArtifact::parse(path(name))?, stream::iter(chunks)).await
    }

    async fn get(&self, name: &str) -> Result<String, StoreError> {
        let found = self.store.open(&path(name)).await?;
        let whole = 0..found.size_bytes;
        let chunks: Vec<Bytes> = found.read(whole).await?.try_collect().await.unwrap();
        Ok(String::from_utf8(chunks.concat()).unwrap())
    }

    async fn names(&self, folder: &str) -> Vec<(String, Option<u64>)> {
        let entries = self.store.list(&path(folder)).await.unwrap();
        entries.into_iter().map(|Entry { name, size_bytes }| (name, size_bytes)).collect()
    }
}

fn path(text: &str) -> ArtifactPath {
    ArtifactPath::parse(text).unwrap()
}

#[tokio::test]
async fn what_was_uploaded_is_listed_and_read_and_replaced() {
    let it = Fixture::new();
    it.put("a/b/x.txt", "one two three").await.unwrap();
    it.put("a/b.txt", "").await.unwrap();
    assert_eq!(it.get("a//b/./x.txt").await.unwrap(), "one two three");
    it.put("a/b/x.txt", "new").await.unwrap();
    assert_eq!(it.get("a/b/x.txt").await.unwrap(), "new");
    assert_eq!(it.names("a/").await, [("b".to_owned(), None), ("b.txt".to_owned(), Some(0))]);
    assert_eq!(it.names("a/b").await, [("x.txt".to_owned(), Some(3))]);
    let mode = fs::metadata(it.root().join("a/b.txt")).unwrap().permissions().mode();
    assert_eq!(mode & 0o600, 0o600);
}

#[tokio::test]
async fn what_is_not_there_lists_as_empty_and_cannot_be_read() {
    let it = Fixture::new();
    assert_eq!(it.names("").await, []);
    assert!(matches!(it.get("x").await, Err(StoreError::NotFound(name)) if name == "x"));
    assert!(matches!(it.get("").await, Err(StoreError::IsFolder(_))));
    it.put("d/file", "x").await.unwrap();
    assert_eq!(it.names("d/file").await, []);
    assert!(matches!(it.get("d").await, Err(StoreError::IsFolder(_))));
    assert!(matches!(it.get("d/file/x").await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_file_is_not_written_over_a_folder_or_through_a_file() {
    let it = Fixture::new();
    it.put("d/file", "x").await.unwrap();
    assert!(matches!(it.put("d", "y").await, Err(StoreError::IsFolder(_))));
    assert!(matches!(it.put("d/file/x", "y").await, Err(StoreError::ThroughFile(_))));
    assert!(matches!(it.put("d/file/x/y", "y").await, Err(StoreError::ThroughFile(_))));
    assert_eq!(it.names("d").await, [("file".to_owned(), Some(1))]);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let it = Fixture::new();
    it.put("kept", "old").await.unwrap();
    for name in ["kept", "new/folder/x"] {
        let broken = stream::iter([Ok(Bytes::from_static(b"half")), Err("the line is dead")]);
        let stored = it.store.upload(&NewArtifact::parse(path(name)).unwrap(), broken).await;
        assert!(matches!(stored, Err(StoreError::BrokenUpload { .. })));
    }
    assert_eq!(it.get("kept").await.unwrap(), "old");
    let left: Vec<_> = fs::read_dir(it.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["kept"]);
}

#[tokio::test]
async fn an_abandoned_upload_leaves_nothing() {
    let it = Fixture::new();
    let new = NewArtifact::parse(path("a/x")).unwrap();
    let endless = stream::pending::<Result<Bytes, Infallible>>();
    let upload = it.store.upload(&new, endless);
    let waited = tokio::time::timeout(std::time::Duration::from_millis(200), upload).await;
    assert!(waited.is_err());
    assert_eq!(fs::read_dir(it.root()).unwrap().count(), 0);
}

#[tokio::test]
async fn uploads_under_way_are_not_listed() {
    let it = Fixture::new();
    it.put("x", "1").await.unwrap();
    fs::write(it.root().join(".artifact.uploading.abc"), "half").unwrap();
    assert_eq!(it.names("").await, [("x".to_owned(), Some(1))]);
}

#[tokio::test]
async fn uploads_of_killed_processes_are_deleted_after_a_day() {
    let it = Fixture::new();
    it.put("x", "1").await.unwrap();
    for (name, age) in [(".artifact.uploading.old", 25), (".artifact.uploading.new", 23), ("kept", 25)] {
        let file = fs::File::create(it.root().join(name)).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - std::time::Duration::from_hours(age)).unwrap();
    }
    it.names("").await;
    let left = fs::read_dir(it.root()).unwrap().map(|entry| entry.unwrap().file_name());
    let left = left.collect::<std::collections::BTreeSet<_>>();
    assert_eq!(left, [".artifact.uploading.new", "kept", "x"].map(Into::into).into());
}

#[tokio::test]
async fn links_out_of_the_store_are_refused_by_every_operation() {
    let it = Fixture::new();
    it.put("d/x", "inside").await.unwrap();
    let outside = it.home.path().join("outside");
    symlink(&outside, it.root().join("folder")).unwrap();
    symlink(outside.join("secret"), it.root().join("file")).unwrap();
    symlink(outside.join("nobody"), it.root().join("dangling")).unwrap();
    for name in ["folder", "folder/secret", "folder/new/x", "file", "dangling"] {
        assert!(matches!(it.get(name).await, Err(StoreError::Outside)), "{name}");
        assert!(matches!(it.put(name, "x").await, Err(StoreError::Outside)), "{name}");
        assert!(matches!(it.store.list(&path(name)).await, Err(StoreError::Outside)), "{name}");
        assert!(matches!(it.store.delete(&path(name)).await, Err(StoreError::Outside)), "{name}");
    }
    assert_eq!(it.names("").await, [("d".to_owned(), None)]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), "secret");
}

#[tokio::test]
async fn links_inside_the_store_are_followed() {
    let it = Fixture::new();
    it.put("d/x", "inside").await.unwrap();
    symlink(it.root().join("d"), it.root().join("link")).unwrap();
    assert_eq!(it.get("link/x").await.unwrap(), "inside");
    assert_eq!(it.names("link").await, [("x".to_owned(), Some(6))]);
    it.put("link/y", "too").await.unwrap();
    assert_eq!(it.get("d/y").await.unwrap(), "too");
}

#[tokio::test]
async fn deleting_takes_files_folders_and_nothing_else() {
    let it = Fixture::new();
    it.put("d/x", "1").await.unwrap();
    it.put("d/sub/y", "2").await.unwrap();
    symlink(it.home.path().join("outside"), it.root().join("d/sub/link")).unwrap();
    it.store.delete(&path("d/x")).await.unwrap();
    it.store.delete(&path("d/x")).await.unwrap();
    assert_eq!(it.names("d").await, [("sub".to_owned(), None)]);
    assert!(matches!(it.store.delete(&path("./")).await, Err(StoreError::Invalid(_))));
    it.store.delete(&path("d")).await.unwrap();
    assert_eq!(it.names("").await, []);
    assert!(it.home.path().join("outside/secret").exists());
}

#[tokio::test]
async fn a_store_that_cannot_be_made_is_a_fault_and_no_missing_artifact() {
    let it = Fixture { store: LocalStore::new(PathBuf::from("/proc/nope")), ..Fixture::new() };
    let error = it.put("x", "one").await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(matches!(error.at_chosen("/proc/nope"), StoreError::Forbidden { .. }));
}
