//! A download into a folder that nobody uses until it is whole, and that the next try goes on with.
//!
//! `parts/<n>` is the beginning of the n-th file, `parts/<n>.etag` the state of the file that it is of. A whole file
//! is moved to its place below `files/`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use forebay_client::Resume;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::progress::{Meter, Progress};
use super::{FILES, sums};
use crate::sources::error::{SourceError, disk};
use crate::sources::files::{Content, ModelFile, ModelFiles};

/// The folder of files that are not whole.
const PARTS: &str = "parts";

/// Files that are downloaded at once.
const PARALLEL: usize = 6;

/// How often a file is tried, and how long between.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// How long nothing may come.
const STALL: Duration = Duration::from_mins(1);

/// Longest file of which no listing tells the size, in bytes.
const MAX_UNLISTED: u64 = 64 << 30;

/// A download.
pub(super) struct Filling<'a> {
    pub(super) files: &'a dyn ModelFiles,
    /// What is filled.
    pub(super) folder: PathBuf,
    /// Everything that comes into it.
    pub(super) listed: &'a [ModelFile],
}

/// What a file is put together from.
struct Part {
    path: PathBuf,
    etag_path: PathBuf,
}

impl Filling<'_> {
    /// Downloads what is missing, and writes the sums of all.
    pub(super) async fn run(&self, tell: &(dyn Fn(Progress) + Send + Sync)) -> Result<(), SourceError> {
        let parts = self.folder.join(PARTS);
        fs::create_dir_all(&parts).await.map_err(disk(&parts))?;
        let meter = Meter::new(self.listed, tell);
        let mut bringing = Vec::with_capacity(self.listed.len());
        for (idx, file) in self.listed.iter().enumerate() {
            bringing.push(self.bring(idx, file, &meter));
        }
        let sums: Vec<String> = stream::iter(bringing).buffered(PARALLEL).try_collect().await?;
        sums::write(&self.folder, self.listed, &sums).await.map_err(disk(&self.folder))?;
        fs::remove_dir_all(&parts).await.map_err(disk(&parts))
    }

    /// Brings one file to its place and returns its sum.
    async fn bring(&self, idx: usize, file: &ModelFile, meter: &Meter<'_>) -> Result<String, SourceError> {
        let target = file.path.below(&self.folder.join(FILES));
        let there = fs::metadata(&target).await.ok().map(|metadata| metadata.len());
        if let Some(size_bytes) = there.filter(|size| file.size_bytes == Some(*size)) {
            meter.add(size_bytes);
        } else {
            let part = Part::of(&self.folder.join(PARTS), idx);
            self.download(file, &part, meter).await?;
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).await.map_err(disk(parent))?;
            }
            fs::rename(&part.path, &target).await.map_err(disk(&target))?;
        }
        meter.finish_file();
        let unread = disk(&target);
        sums::of(target).await.map_err(unread)
    }

    /// Downloads one file, again and again where that may help.
    async fn download(&self, file: &ModelFile, part: &Part, meter: &Meter<'_>) -> Result<(), SourceError> {
        let mut n_tries = 1;
        loop {
            match self.download_on(file, part, meter).await {
                Err(error) if error.is_passing() && n_tries < TRIES => {
                    tracing::info!("{error}; it is tried again");
                    tokio::time::sleep(PAUSE * n_tries).await;
                    n_tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Goes on with one file.
    async fn download_on(&self, file: &ModelFile, part: &Part, meter: &Meter<'_>) -> Result<(), SourceError> {
        let (there, etag) = part.so_far().await;
        // Of a file that came whole the last byte comes again, with which the store says whether it is still the same.
        let kept = match file.size_bytes {
            Some(size) if there > size => 0,
            Some(size) => there.min(size.saturating_sub(1)),
            None => there,
        };
        let resume = etag.as_deref().filter(|_| kept > 0).map(|etag| Resume { size_bytes: kept, etag });
        let content = timeout(STALL, self.files.open(file, resume)).await;
        let content = content.map_err(|_| self.broken(file, there))??;
        let writer = part.begin(content.start, content.etag.as_deref()).await.map_err(disk(&part.path))?;
        meter.add(content.start);
        let done = self.receive(file, content, writer, meter).await;
        if done.is_err() {
            meter.take_back(part.so_far().await.0);
        }
        done
    }

    async fn receive(
        &self,
        file: &ModelFile,
        mut content: Content,
        mut writer: File,
        meter: &Meter<'_>,
    ) -> Result<(), SourceError> {
        let full = disk(&self.folder);
        let most = file.size_bytes.unwrap_or(MAX_UNLISTED);
        let mut size_bytes = content.start;
        let outcome = loop {
            let chunk = match timeout(STALL, content.chunks.next()).await {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(None) => break Ok(()),
                Ok(Some(Err(error))) => break Err(error),
                Err(_) => break Err(self.broken(file, size_bytes)),
            };
            size_bytes += chunk.len() as u64;
            if size_bytes > most {
                break Err(self.wrong_size(file, most, size_bytes));
            }
            if let Err(error) = writer.write_all(&chunk).await {
                return Err(full(error));
            }
            meter.add(chunk.len() as u64);
        };
        // What came stays for the next try, whatever ended this one.
        if let Err(error) = stored(&mut writer).await {
            return Err(full(error));
        }
        outcome?;
        match file.size_bytes {
            Some(listed) if size_bytes < listed => Err(self.broken(file, size_bytes)),
            _ => Ok(()),
        }
    }

    fn broken(&self, file: &ModelFile, size_bytes: u64) -> SourceError {
        let (uri, path) = (self.files.place().to_owned(), file.path.as_str().to_owned());
        SourceError::Broken { uri, path, size_bytes }
    }

    fn wrong_size(&self, file: &ModelFile, expected_bytes: u64, actual_bytes: u64) -> SourceError {
        let (uri, path) = (self.files.place().to_owned(), file.path.as_str().to_owned());
        SourceError::Size { uri, path, expected_bytes, actual_bytes }
    }
}

async fn stored(writer: &mut File) -> io::Result<()> {
    writer.flush().await?;
    writer.sync_all().await
}

impl Part {
    fn of(parts: &Path, idx: usize) -> Self {
        Part { path: parts.join(idx.to_string()), etag_path: parts.join(format!("{idx}.etag")) }
    }

    /// How much there is, and of which state; nothing where that cannot be told.
    async fn so_far(&self) -> (u64, Option<String>) {
        let size_bytes = fs::metadata(&self.path).await.map_or(0, |metadata| metadata.len());
        let etag = fs::read_to_string(&self.etag_path).await.ok();
        (size_bytes, etag.filter(|etag| !etag.is_empty()))
    }

    /// Opens it for what comes from `start` on; what stood there is gone.
    async fn begin(&self, start: u64, etag: Option<&str>) -> io::Result<File> {
        if start == 0 {
            // The old state is forgotten before bytes of the new one come.
            match fs::remove_file(&self.etag_path).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let mut writer = OpenOptions::new().create(true).truncate(false).write(true).open(&self.path).await?;
        writer.set_len(start).await?;
        writer.seek(io::SeekFrom::Start(start)).await?;
        if let Some(etag) = etag.filter(|_| start == 0) {
            fs::write(&self.etag_path, etag).await?;
        }
        Ok(writer)
    }
}
