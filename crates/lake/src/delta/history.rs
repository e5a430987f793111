//! Who committed what, as the log tells it. Commits are kept for some time only, so the first versions may be missing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::site::{LOG, Site};
use crate::storage::place::Place;
use crate::{Error, Lake};

/// Digits of a version in the name of its file.
const N_DIGITS: usize = 20;

/// A commit of a Delta table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// The version that it made.
    pub version: u64,
    /// As its writer had it, in milliseconds since the epoch, UTC.
    pub time_ms: Option<i64>,
    /// Such as `WRITE` or `MERGE`.
    pub operation: Option<String>,
    /// What its writer says of the operation.
    pub parameters: BTreeMap<String, String>,
    /// The program that wrote it.
    pub engine: Option<String>,
    /// Who that program worked for.
    pub user: Option<String>,
    /// Files that were added.
    pub n_added: u64,
    /// Files that were taken away.
    pub n_removed: u64,
}

/// The parts of an action that a history is made of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    commit_info: Option<CommitInfo>,
    add: Option<serde::de::IgnoredAny>,
    remove: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitInfo {
    timestamp: Option<i64>,
    in_commit_timestamp: Option<i64>,
    operation: Option<String>,
    #[serde(default)]
    operation_parameters: Option<BTreeMap<String, Value>>,
    engine_info: Option<String>,
    user_name: Option<String>,
}

impl Commit {
    /// The last commits of the table at `uri`, the latest first, as far as its log has them.
    ///
    /// # Errors
    /// There is no Delta table, or a commit cannot be read.
    pub fn last(lake: &Lake, uri: &str, limit: usize) -> Result<Vec<Commit>, Error> {
        let place = Place::parse(lake, uri)?;
        let log = Site::at(lake, &place)?.place.join(LOG);
        let mut versions: Vec<u64> = log.names()?.iter().filter_map(|name| version(name)).collect();
        if versions.is_empty() {
            let reason = "it is no Delta table with commits".to_owned();
            return Err(Error::Address { uri: uri.to_owned(), reason });
        }
        versions.sort_unstable_by(|one, other| other.cmp(one));
        versions.into_iter().take(limit).map(|version| commit(&log, version)).collect()
    }
}

/// The version that a file of the log is the commit of.
pub(super) fn version(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json").filter(|digits| digits.len() == N_DIGITS)?;
    digits.parse().ok()
}

fn commit(log: &Place, version: u64) -> Result<Commit, Error> {
    let file = log.join(&format!("{version:0N_DIGITS$}.json"));
    let content = file.read_small()?.ok_or_else(|| Error::Nothing(file.uri()))?;
    let mut commit = Commit { version, ..Commit::default() };
    for line in content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let action: Action =
            serde_json::from_slice(line).map_err(|error| Error::content(&file.uri(), &error))?;
        commit.n_added += u64::from(action.add.is_some());
        commit.n_removed += u64::from(action.remove.is_some());
        if let Some(told) = action.commit_info {
            commit.time_ms = told.in_commit_timestamp.or(told.timestamp);
            commit.operation = told.operation;
            commit.engine = told.engine_info;
            commit.user = told.user_name;
            let parameters = told.operation_parameters.unwrap_or_default().into_iter();
            commit.parameters = parameters.map(|(name, value)| (name, text(value))).collect();
        }
    }
    Ok(commit)
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commits_are_versions() {
        assert_eq!(version("00000000000000000012.json"), Some(12));
        for name in ["00000000000000000012.checkpoint.parquet", "12.json", "_last_checkpoint", "x.json"] {
            assert_eq!(version(name), None, "{name}");
        }
    }
}
