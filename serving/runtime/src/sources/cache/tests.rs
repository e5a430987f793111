//! The cache against a store that breaks, changes and counts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::sync::Mutex;

use bytes::Bytes;
use forebay_client::Resume;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};

use super::*;
use crate::sources::files::{Content, Entries};

const PLACE: &str = "s3://bucket/model";

/// What is read at once, in bytes.
const CHUNK: usize = 4;

/// A store in memory.
#[derive(Default)]
struct Fake {
    files: Mutex<BTreeMap<&'static str, &'static str>>,
    etag: Option<&'static str>,
    /// After how many bytes of a file reading fails, once for each.
    breaks: Mutex<Vec<(usize, Break)>>,
    /// Files that were opened, and from where.
    opened: Mutex<Vec<(String, u64)>>,
}

#[derive(Clone, Copy)]
enum Break {
    ForNow,
    ForGood,
}

impl Fake {
    fn new(etag: Option<&'static str>, files: &[(&'static str, &'static str)]) -> Self {
        Fake { files: Mutex::new(files.iter().copied().collect()), etag, ..Fake::default() }
    }

    fn model(etag: Option<&'static str>) -> Self {
        Fake::new(etag, &[("MLmodel", "flavors: {}"), ("data/weights.bin", "0123456789")])
    }

    /// Which files were opened since this was asked, from where.
    fn opened(&self) -> Vec<(String, u64)> {
        let mut opened = std::mem::take(&mut *self.opened.lock().unwrap());
        opened.sort();
        opened
    }

    fn read(&self, path: &str, start: usize) -> Vec<Result<Bytes, SourceError>> {
        let content: &'static [u8] = self.files.lock().unwrap()[path].as_bytes();
        let broken = if path == "MLmodel" { None } else { self.breaks.lock().unwrap().pop() };
        let end = broken.map_or(content.len(), |(end, _)| end);
        let mut chunks: Vec<_> =
            content[start..end].chunks(CHUNK).map(|chunk| Ok(Bytes::from_static(chunk))).collect();
        match broken {
            Some((_, Break::ForNow)) => chunks.push(Err(SourceError::Broken {
                uri: PLACE.to_owned(),
                path: path.to_owned(),
                size_bytes: 0,
            })),
            Some((_, Break::ForGood)) => {
                chunks.push(Err(SourceError::NotFound { uri: PLACE.to_owned(), reason: "gone".to_owned() }));
            }
            None => {}
        }
        chunks
    }
}

impl ModelFiles for Fake {
    fn place(&self) -> &str {
        PLACE
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<ModelFile>, SourceError>> {
        let mut checked = Entries::of(PLACE);
        let file = |(path, content): (&&str, &&str)| {
            Ok::<_, SourceError>(ModelFile {
                path: checked.path(path)?,
                size_bytes: Some(content.len() as u64),
                etag: self.etag.map(str::to_owned),
            })
        };
        let listed = self.files.lock().unwrap().iter().map(file).collect();
        Box::pin(async { listed })
    }

    fn open<'a>(
        &'a self,
        file: &'a ModelFile,
        resume: Option<Resume<'a>>,
    ) -> BoxFuture<'a, Result<Content, SourceError>> {
        let start = resume.map_or(0, |resume| resume.size_bytes);
        self.opened.lock().unwrap().push((file.path.as_str().to_owned(), start));
        let chunks = stream::iter(self.read(file.path.as_str(), usize::try_from(start).unwrap())).boxed();
        let etag = self.etag.map(str::to_owned);
        Box::pin(async move { Ok(Content { start, etag, chunks }) })
    }
}

async fn folder_of(cache: &Cache, files: &Fake) -> Result<PathBuf, SourceError> {
    cache.folder_of(files, &|_| {}).await
}

fn content(folder: &Path) -> String {
    fs::read_to_string(folder.join("data/weights.bin")).unwrap()
}

fn names(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.contains(".lock")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_model_is_downloaded_once_and_its_progress_told() {
    let place = tempfile::tempdir().unwrap();
    let (cache, files) = (Cache::at(place.path().join("cache")), Fake::model(Some("\"1\"")));
    let told = Mutex::new(Progress::default());
    let folder = cache.folder_of(&files, &|progress| *told.lock().unwrap() = progress).await.unwrap();
    assert_eq!(content(&folder), "0123456789");
    let whole = Progress { n_files: 2, n_done: 2, total_bytes: 21, done_bytes: 21 };
    assert_eq!(*told.lock().unwrap(), whole);
    assert_eq!(files.opened().len(), 2);
    assert_eq!(folder_of(&cache, &files).await.unwrap(), folder);
    assert!(files.opened().is_empty());
    assert_eq!(names(cache.root()).len(), 1);
}

#[tokio::test]
async fn two_requests_for_one_model_download_it_once() {
    let place = tempfile::tempdir().unwrap();
    let (cache, files) = (Cache::at(place.path().to_owned()), Fake::model(Some("\"1\"")));
    let (one, two) = tokio::join!(folder_of(&cache, &files), folder_of(&cache, &files));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(files.opened().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_download_that_breaks_off_goes_on_where_it_stopped() {
    let place = tempfile::tempdir().unwrap();
    let (cache, files) = (Cache::at(place.path().to_owned()), Fake::model(Some("\"1\"")));
    *files.breaks.lock().unwrap() = vec![(8, Break::ForNow), (4, Break::ForNow)];
    assert_eq!(content(&folder_of(&cache, &files).await.unwrap()), "0123456789");
    let weights = || "data/weights.bin".to_owned();
    assert_eq!(files.opened(), [("MLmodel".to_owned(), 0), (weights(), 0), (weights(), 4), (weights(), 8)]);
}

#[tokio::test]
async fn what_a_process_left_behind_is_gone_on_with_by_the_next() {
    let place = tempfile::tempdir().unwrap();
    let files = Fake::model(Some("\"1\""));
    *files.breaks.lock().unwrap() = vec![(4, Break::ForGood)];
    assert!(folder_of(&Cache::at(place.path().to_owned()), &files).await.is_err());
    assert!(names(place.path())[0].ends_with(".partial"));
    files.opened();
    let folder = folder_of(&Cache::at(place.path().to_owned()), &files).await.unwrap();
    assert_eq!(content(&folder), "0123456789");
    assert!(files.opened().contains(&("data/weights.bin".to_owned(), 4)));
}

#[tokio::test]
async fn a_file_that_came_whole_before_the_end_of_the_process_comes_only_with_its_last_byte_again() {
    let place = tempfile::tempdir().unwrap();
    let files = Fake::model(Some("\"1\""));
    *files.breaks.lock().unwrap() = vec![(10, Break::ForGood)];
    assert!(folder_of(&Cache::at(place.path().to_owned()), &files).await.is_err());
    files.opened();
    let told = Mutex::new(Progress::default());
    let cache = Cache::at(place.path().to_owned());
    let folder = cache.folder_of(&files, &|progress| *told.lock().unwrap() = progress).await.unwrap();
    assert_eq!(content(&folder), "0123456789");
    assert!(files.opened().contains(&("data/weights.bin".to_owned(), 9)));
    assert_eq!(told.lock().unwrap().done_bytes, 21);
}

#[tokio::test]
async fn without_an_etag_nobody_knows_that_the_rest_fits_so_all_of_it_comes_again() {
    let place = tempfile::tempdir().unwrap();
    let (cache, files) = (Cache::at(place.path().to_owned()), Fake::model(None));
    *files.breaks.lock().unwrap() = vec![(4, Break::ForGood)];
    assert!(folder_of(&cache, &files).await.is_err());
    files.files.lock().unwrap().insert("data/weights.bin", "abcdefghij");
    assert_eq!(content(&folder_of(&cache, &files).await.unwrap()), "abcdefghij");
    assert!(files.opened().iter().all(|(_, start)| *start == 0));
}

#[tokio::test]
async fn a_cached_file_that_changed_is_downloaded_again() {
    let place = tempfile::tempdir().unwrap();
    let (cache, files) = (Cache::at(place.path().to_owned()), Fake::model(Some("\"1\"")));
    let weights = folder_of(&cache, &files).await.unwrap().join("data/weights.bin");
    for damage in ["0123456780", "01", ""] {
        fs::write(&weights, damage).unwrap();
        assert_eq!(content(&folder_of(&cache, &files).await.unwrap()), "0123456789");
    }
    fs::remove_file(&weights).unwrap();
    assert_eq!(content(&folder_of(&cache, &files).await.unwrap()), "0123456789");
    fs::remove_file(weights.ancestors().nth(3).unwrap().join("SHA256SUMS")).unwrap();
    assert_eq!(content(&folder_of(&cache, &files).await.unwrap()), "0123456789");
    assert_eq!(names(cache.root()).len(), 1);
}

#[tokio::test]
async fn a_model_that_was_logged_again_is_another_one() {
    let place = tempfile::tempdir().unwrap();
    let (cache, files) = (Cache::at(place.path().to_owned()), Fake::model(None));
    let before = folder_of(&cache, &files).await.unwrap();
    files.files.lock().unwrap().insert("MLmodel", "flavors: []");
    files.files.lock().unwrap().insert("data/weights.bin", "abcdefghij");
    let after = folder_of(&cache, &files).await.unwrap();
    assert_eq!((content(&before), content(&after)), ("0123456789".to_owned(), "abcdefghij".to_owned()));
}

#[tokio::test]
async fn a_cache_that_was_deleted_is_made_again() {
    let place = tempfile::tempdir().unwrap();
    let (cache, files) = (Cache::at(place.path().join("cache")), Fake::model(Some("\"1\"")));
    folder_of(&cache, &files).await.unwrap();
    fs::remove_dir_all(cache.root()).unwrap();
    assert_eq!(content(&folder_of(&cache, &files).await.unwrap()), "0123456789");
}

#[tokio::test(start_paused = true)]
async fn another_process_at_the_same_model_is_waited_for() {
    let place = tempfile::tempdir().unwrap();
    let (cache, files) = (Cache::at(place.path().to_owned()), Fake::model(Some("\"1\"")));
    let key = folder_of(&cache, &files).await.unwrap().parent().unwrap().file_name().unwrap().to_owned();
    let other = File::open(place.path().join(key).with_extension("lock")).unwrap();
    other.lock().unwrap();
    let waiting = tokio::time::timeout(std::time::Duration::from_secs(5), folder_of(&cache, &files));
    assert!(waiting.await.is_err());
    drop(other);
    assert!(folder_of(&cache, &files).await.is_ok());
}

#[tokio::test]
async fn what_is_no_model_is_refused_before_anything_is_downloaded() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::at(place.path().to_owned());
    for (files, why) in [
        (Fake::default(), "there are no files"),
        (Fake::new(None, &[("model.onnx", "1")]), "there is no MLmodel"),
        (Fake::new(None, &[("MLmodel", "1"), ("../x", "1")]), "could lead out"),
        (Fake::new(None, &[("MLmodel", "1"), ("/etc/x", "1")]), "could lead out"),
    ] {
        let error = folder_of(&cache, &files).await.unwrap_err().to_string();
        assert!(error.starts_with(PLACE) && error.contains(why), "{error}");
    }
    assert_eq!(names(place.path()), Vec::<String>::new());
}

/// Lists less than it sends.
struct Longer(Fake);

impl ModelFiles for Longer {
    fn place(&self) -> &str {
        self.0.place()
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<ModelFile>, SourceError>> {
        Box::pin(async {
            let listed = self.0.list().await?;
            Ok(listed.into_iter().map(|file| ModelFile { size_bytes: Some(3), ..file }).collect())
        })
    }

    fn open<'a>(
        &'a self,
        file: &'a ModelFile,
        resume: Option<Resume<'a>>,
    ) -> BoxFuture<'a, Result<Content, SourceError>> {
        self.0.open(file, resume)
    }
}

#[tokio::test]
async fn a_file_that_does_not_end_where_it_should_is_cut_off() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::at(place.path().to_owned());
    let error = cache.folder_of(&Longer(Fake::model(Some("\"1\""))), &|_| {}).await.unwrap_err().to_string();
    assert!(error.contains("has 4 bytes where 3 were expected"), "{error}");
}
