//! SHA-256 sums of an entry's files, in the format of `sha256sum`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use forebay_core::hexadecimal::hexadecimal;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use super::FILES;
use crate::sources::files::ModelFile;
use crate::sources::inner_path::InnerPath;

/// The name of the file with the sums.
const SUMS: &str = "SHA256SUMS";

/// Files that are read at once.
const PARALLEL: usize = 4;

/// How much is read at once, in bytes.
const BUFFER: usize = 256 * 1024;

/// Writes the sums of those files, which are in the order of `listed`.
pub(super) async fn write(entry: &Path, listed: &[ModelFile], sums: &[String]) -> io::Result<()> {
    let mut text = String::new();
    for (file, sum) in listed.iter().zip(sums) {
        let _ = writeln!(text, "{sum}  {FILES}/{}", file.path.as_str());
    }
    let path = entry.join(SUMS);
    tokio::task::spawn_blocking(move || {
        std::fs::write(&path, text)?;
        File::open(&path)?.sync_all()
    })
    .await?
}

/// The files that an entry's sums are of.
///
/// # Errors
/// There are no sums, or they are none of an entry.
pub(super) async fn listed(entry: &Path) -> io::Result<Vec<ModelFile>> {
    let text = tokio::fs::read_to_string(entry.join(SUMS)).await?;
    let file = |line: &str| {
        let (_, path) = line.split_once("  ")?;
        let path = InnerPath::parse(path.strip_prefix(FILES)?.strip_prefix('/')?).ok()?;
        Some(ModelFile { path, size_bytes: None, etag: None })
    };
    let files: Option<Vec<_>> = text.lines().map(file).collect();
    files.filter(|files| !files.is_empty()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Checks that the files of an entry are those that are listed and have their sums.
///
/// # Errors
/// What is wrong, without a full stop.
pub(super) async fn check(entry: &Path, listed: &[ModelFile]) -> Result<(), String> {
    let text = tokio::fs::read_to_string(entry.join(SUMS)).await;
    let text = text.map_err(|error| format!("its {SUMS} cannot be read: {error}"))?;
    let lines: Vec<_> = text.lines().filter_map(|line| line.split_once("  ")).collect();
    let is_listed = |(file, (_, path)): (&ModelFile, &(&str, &str))| {
        path.strip_prefix("files/") == Some(file.path.as_str())
    };
    if lines.len() != listed.len() || !listed.iter().zip(&lines).all(is_listed) {
        return Err(format!("its {SUMS} does not list its files"));
    }
    let mut checks = Vec::with_capacity(listed.len());
    for (file, (sum, _)) in listed.iter().zip(lines) {
        checks.push(check_file(entry, file, sum));
    }
    stream::iter(checks).buffer_unordered(PARALLEL).try_collect::<()>().await
}

async fn check_file(entry: &Path, file: &ModelFile, sum: &str) -> Result<(), String> {
    let name = file.path.as_str();
    let path = file.path.below(&entry.join(FILES));
    let unread = |error: io::Error| format!("{name} cannot be read: {error}");
    let size_bytes = tokio::fs::metadata(&path).await.map_err(unread)?.len();
    if file.size_bytes.is_some_and(|listed| listed != size_bytes) {
        return Err(format!("{name} has {size_bytes} bytes"));
    }
    if of(path).await.map_err(unread)? != sum {
        return Err(format!("{name} is not what was downloaded"));
    }
    Ok(())
}

/// The sum of a file.
pub(super) async fn of(path: PathBuf) -> io::Result<String> {
    tokio::task::spawn_blocking(move || {
        let (mut file, mut hash, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; BUFFER]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hexadecimal(&hash.finalize())),
                n_read => hash.update(&buffer[..n_read]),
            }
        }
    })
    .await?
}
