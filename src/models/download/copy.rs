//! One file of a version, from where it is into the new folder.

use anyhow::{Context as _, bail};
use forebay_serving::{ModelFile, ModelFiles, SourceError};
use futures_util::TryStreamExt as _;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use super::folder::NewFolder;
use super::told;

/// Copies a file and returns its size in bytes.
///
/// # Errors
/// It cannot be read or written, or is not as long as the listing said.
pub(super) async fn copy(
    files: &dyn ModelFiles,
    file: &ModelFile,
    folder: &NewFolder,
) -> anyhow::Result<u64> {
    let path = file.path.as_str();
    let target = file.path.below(folder.path());
    let unwritten = || format!("{path} cannot be written");
    let undone = |error: SourceError| told(error).context(format!("{path} cannot be downloaded"));
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).await.with_context(unwritten)?;
    }
    // Two files of one name, as on a file system that ignores case, are an error rather than one of the two.
    let mut writer = fs::File::create_new(&target).await.with_context(unwritten)?;
    let mut chunks = files.open(file, None).await.map_err(undone)?.chunks;
    let mut size_bytes = 0;
    while let Some(chunk) = chunks.try_next().await.map_err(undone)? {
        writer.write_all(&chunk).await.with_context(unwritten)?;
        size_bytes += chunk.len() as u64;
    }
    writer.flush().await.with_context(unwritten)?;
    writer.sync_all().await.with_context(unwritten)?;
    match file.size_bytes {
        Some(expected) if expected != size_bytes => {
            bail!("{path} has {size_bytes} bytes where {expected} were listed; download again")
        }
        _ => Ok(size_bytes),
    }
}
