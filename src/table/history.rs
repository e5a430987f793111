//! `forebay table history`: who committed what.

use std::collections::BTreeMap;

use forebay_lake::{Commit, Lake};
use forebay_wire::number::Int64;
use serde::Serialize;

use crate::cli::TableHistoryArgs;
use crate::shell::output::Output;
use crate::shell::table::{Cell, Table};
use crate::shell::words::utc;

/// The commits as programs read them.
#[derive(Serialize)]
struct Shown {
    commits: Vec<ShownCommit>,
}

#[derive(Serialize)]
struct ShownCommit {
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    n_added: u64,
    n_removed: u64,
}

pub(super) fn run(lake: &Lake, args: &TableHistoryArgs, output: Output) -> anyhow::Result<()> {
    let commits = Commit::last(lake, &args.uri, args.limit)?;
    let shown = Shown { commits: commits.into_iter().map(ShownCommit::from).collect() };
    output.show(&shown, || text(&shown))
}

impl From<Commit> for ShownCommit {
    fn from(commit: Commit) -> Self {
        ShownCommit {
            version: commit.version,
            time_ms: commit.time_ms,
            operation: commit.operation,
            parameters: commit.parameters,
            engine: commit.engine,
            user: commit.user,
            n_added: commit.n_added,
            n_removed: commit.n_removed,
        }
    }
}

fn text(shown: &Shown) -> String {
    let mut table = Table::new(["VERSION", "TIME", "OPERATION", "FILES", "ENGINE"]);
    for commit in &shown.commits {
        table.row([
            commit.version.to_string().into(),
            utc(commit.time_ms.map(Int64)).into(),
            Cell::from(commit.operation.clone()),
            format!("+{} -{}", commit.n_added, commit.n_removed).into(),
            Cell::from(commit.engine.clone()),
        ]);
    }
    table.to_string()
}
