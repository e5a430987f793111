//! One file of a version, from where it is into the new folder.

use std::path::Path;

use anyhow::{Context as _, bail};
use forebay_client::Client;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use super::folder::NewFolder;
use super::source::Source;
use super::walk::File;

/// Copies a file and returns its size in bytes.
///
/// # Errors
/// It cannot be read or written, or is not as long as the listing said.
pub(super) async fn copy(
    client: &Client,
    source: &Source,
    file: &File,
    folder: &NewFolder,
) -> anyhow::Result<u64> {
    let path = file.path.as_str();
    let target = file.path.below(folder.path());
    let unwritten = || format!("{path} cannot be written");
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).await.with_context(unwritten)?;
    }
    // Two files of one name, as on a file system that ignores case, are an error rather than one of the two.
    let mut writer = fs::File::create_new(&target).await.with_context(unwritten)?;
    let copied = match source {
        Source::Proxied { root } => {
            client.download_artifact(root, path, &mut writer).await.map_err(Into::into)
        }
        Source::Run { run_id, folder } => {
            let path = format!("{folder}{path}");
            client.download_run_artifact(run_id, &path, &mut writer).await.map_err(Into::into)
        }
        Source::LoggedModel { model_id, folder } => {
            let path = format!("{folder}{path}");
            client.download_logged_model_artifact(model_id, &path, &mut writer).await.map_err(Into::into)
        }
        Source::Folder(root) => {
            copy_local(&file.path.below(root), &mut writer).await.map_err(anyhow::Error::from)
        }
    };
    let size_bytes = copied.with_context(|| format!("{path} cannot be downloaded"))?;
    writer.flush().await.with_context(unwritten)?;
    writer.sync_all().await.with_context(unwritten)?;
    match file.size_bytes {
        Some(expected) if expected != size_bytes => {
            bail!("{path} has {size_bytes} bytes where {expected} were listed; download again")
        }
        _ => Ok(size_bytes),
    }
}

async fn copy_local(file: &Path, writer: &mut fs::File) -> std::io::Result<u64> {
    tokio::io::copy(&mut fs::File::open(file).await?, writer).await
}
