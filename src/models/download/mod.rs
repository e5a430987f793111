//! `forebay models download`: all files of a version in a new folder, or none.

mod copy;
mod folder;
mod progress;

use anyhow::bail;
use forebay_serving::{Identity, LocalFiles, Location, ModelFiles, ModelUri, SourceError, listing};
use serde_json::json;

use self::copy::copy;
use self::folder::NewFolder;
use self::progress::Progress;
use super::found::{self, Found, Named};
use super::{Outcome, Session};
use crate::cli::DownloadArgs;
use crate::shell::words::{count, size};
use crate::stop::StopSignals;

pub(super) async fn run(session: &Session, args: DownloadArgs) -> anyhow::Result<Outcome> {
    let stop = StopSignals::listen()?;
    tokio::select! {
        done = download(session, args) => done,
        () = stop.first() => bail!("stopped; nothing of the download is left"),
    }
}

async fn download(session: &Session, args: DownloadArgs) -> anyhow::Result<Outcome> {
    let found = found::version(session, Named::of(args.version)).await?;
    let folder = NewFolder::at(&args.dst)?;
    let source = files_of(session, &found).await?;
    let files = listing(&*source).await.map_err(told)?;
    let mut progress = Progress::of(&files);
    let mut size_bytes = 0;
    for file in &files {
        size_bytes += copy(&*source, file, &folder).await?;
        progress.advance(size_bytes);
    }
    drop(progress);
    folder.finish()?;
    let (name, number, n_files) = (&found.name, &found.number, files.len() as u64);
    let path = args.dst.display().to_string();
    let answer = json!({
        "name": name, "version": number, "path": path, "n_files": n_files, "size_bytes": size_bytes
    });
    session.output.show(&answer, || {
        format!("{name} version {number}: {}, {} in {path}", count(n_files, "file"), size(size_bytes))
    })?;
    Ok(Outcome::Done)
}

/// The files of a version, wherever they are.
async fn files_of(session: &Session, found: &Found) -> anyhow::Result<Box<dyn ModelFiles>> {
    let (name, number) = (&found.name, &found.number);
    let Ok(version) = number.parse() else { bail!("the server says that {name} has a version {number}") };
    let uri = ModelUri::Version { name: name.clone(), version };
    let identity = Identity { name: Some(name.clone()), version: Some(version), ..Identity::of(&uri) };
    match session.source.locate(&uri, &identity).await.map_err(told)? {
        Location::Folder(path) => Ok(Box::new(LocalFiles::new(path))),
        Location::Files(files) => Ok(files),
        Location::Bucket(uri) => bail!(
            "the files of {name} version {number} are at {uri}, which is outside of the artifacts of a run, a logged \
             model, the server's proxy and this machine's folders: download them with the tools of that store"
        ),
    }
}

/// An error of a source; what a server says stays its own, for the advice on it.
fn told(error: SourceError) -> anyhow::Error {
    match error {
        SourceError::Registry { source, .. } => source.into(),
        error => error.into(),
    }
}
