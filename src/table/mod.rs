//! `forebay table …`: what is in a table, from a shell.

mod show;
mod schema;
mod head;
mod history;

use std::sync::Arc;

use anyhow::Context as _;
use forebay_lake::{Lake, Table, TableOptions};

use crate::cli::{LakeTableArgs, TableCommand, WhichArgs};
use crate::lake;
use crate::shell::output::Output;

/// Runs one command. Tables are read on a thread that may wait.
pub(crate) async fn run(args: LakeTableArgs) -> anyhow::Result<()> {
    let lake = lake::open()?;
    let working = tokio::task::spawn_blocking(move || perform(&lake, args));
    working.await.context("the thread that reads the table is gone")?
}

fn perform(lake: &Lake, args: LakeTableArgs) -> anyhow::Result<()> {
    let output = Output(args.shown.output);
    match args.command {
        TableCommand::Show(which) => show::run(lake, &which, output),
        TableCommand::Schema(which) => schema::run(lake, &which, output),
        TableCommand::Head(args) => head::run(lake, args, output),
        TableCommand::History(args) => history::run(lake, &args, output),
    }
}

fn open(lake: &Lake, which: &WhichArgs) -> anyhow::Result<Arc<Table>> {
    let options = TableOptions { format: which.format, as_of: which.as_of(), ..TableOptions::default() };
    Ok(Arc::new(Table::open(lake, &which.uri, &options)?))
}
