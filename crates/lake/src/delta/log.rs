//! From a log to what the table was at a version. The kernel reads what it finds; that it is all there is looked at here.

use delta_kernel::history_manager::{HistoryCommitType, latest_version_as_of};
use delta_kernel::{Snapshot, SnapshotRef};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::AsOf;
use super::history::version as commit_version;
use super::site::{LOG, Site};
use super::unhinted::{HINT, Unhinted};
use crate::Error;

/// How many commits are looked at to find out which one is torn.
const MAX_LOOKED_AT: usize = 100;

/// What a hint says.
#[derive(Deserialize)]
struct Hint {
    /// Of the last checkpoint.
    version: u64,
}

/// What the table was.
///
/// # Errors
/// There is no such version, or a part of the log that it needs is missing or broken.
pub(super) fn snapshot(site: &Site, as_of: Option<AsOf>) -> Result<SnapshotRef, Error> {
    let engine = site.engine();
    told(site, as_of, &engine).or_else(|error| {
        let version = match as_of {
            Some(AsOf::Version(version)) => Some(version),
            _ => None,
        };
        without_hint(site, as_of).ok_or_else(|| torn(site, version).unwrap_or(error))
    })
}

/// The last commit up to a version that is torn, if one is: the kernel does not say which one it could not read.
pub(super) fn torn(site: &Site, version: Option<u64>) -> Option<Error> {
    let log = site.place.join(LOG);
    let mut commits: Vec<(u64, String)> =
        log.names().ok()?.into_iter().filter_map(|name| Some((commit_version(&name)?, name))).collect();
    commits.retain(|(number, _)| version.is_none_or(|version| *number <= version));
    commits.sort_unstable_by(|one, other| other.cmp(one));
    commits.into_iter().take(MAX_LOOKED_AT).find_map(|(number, name)| {
        let content = log.join(&name).read_small().ok()??;
        let mut lines = content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let error = lines.find_map(|line| serde_json::from_slice::<IgnoredAny>(line).err())?;
        let reason = format!("{LOG}/{name} is torn: {error}");
        Some(Error::Delta { uri: site.uri(), version: Some(number), reason })
    })
}

/// The same by listing all of the log; none where there is no hint that could be wrong.
fn without_hint(site: &Site, as_of: Option<AsOf>) -> Option<SnapshotRef> {
    let hint = site.place.join(LOG).join(HINT).read_small().ok()??;
    let hint: Hint = serde_json::from_slice(&hint).ok()?;
    let snapshot = told(site, as_of, &Unhinted(site.engine())).ok()?;
    // A log that ends before a version that was there has lost some commits.
    let is_whole = as_of.is_some() || snapshot.version() >= hint.version;
    is_whole.then_some(snapshot)
}

fn told(site: &Site, as_of: Option<AsOf>, engine: &dyn delta_kernel::Engine) -> Result<SnapshotRef, Error> {
    let builder = || Snapshot::builder_for(site.root.as_str());
    let at = |number| builder().at_version(number).build(engine).map_err(site.error(Some(number)));
    let latest = || builder().build(engine).map_err(site.error(None));
    let snapshot = match as_of {
        None => latest(),
        Some(AsOf::Version(number)) => at(number),
        Some(AsOf::TimeMs(time_ms)) => {
            let found = latest_version_as_of(&*latest()?, engine, time_ms, HistoryCommitType::Recreatable);
            at(found.map_err(site.error(None))?.version)
        }
    }?;
    check(site, &snapshot)?;
    Ok(snapshot)
}

/// Commits that follow no checkpoint have to be all commits: the kernel would take the first one that is there for the
/// first one that was.
fn check(site: &Site, snapshot: &Snapshot) -> Result<(), Error> {
    let log = snapshot.log_segment();
    let first = log.listed.ascending_commit_files.first().map(|commit| commit.version);
    match (log.checkpoint_version, first) {
        (None, Some(first)) if first > 0 => {
            let (uri, version) = (site.uri(), Some(snapshot.version()));
            let reason =
                format!("its log begins with {first:020}.json, and no checkpoint stands for what was before");
            Err(Error::Delta { uri, version, reason })
        }
        _ => Ok(()),
    }
}
