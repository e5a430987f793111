//! `forebay models download`: all files of a version in a new folder, or none.

mod copy;
mod folder;
mod path;
mod progress;
mod source;
mod walk;

use anyhow::bail;
use serde_json::json;

use self::copy::copy;
use self::folder::NewFolder;
use self::progress::Progress;
use self::source::Source;
use super::found::{self, Named};
use super::words::{count, size};
use super::{Outcome, Session};
use crate::cli::DownloadArgs;
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
    let source = Source::of(&session.client, &found).await?;
    let files = source.list(&session.client).await?;
    let mut progress = Progress::of(&files);
    let mut size_bytes = 0;
    for file in &files {
        size_bytes += copy(&session.client, &source, file, &folder).await?;
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
