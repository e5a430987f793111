//! Running the one command of a command line.

use std::process::ExitCode;

use crate::cli::{Command, DbCommand};
use crate::config::ServerConfig;
use crate::models::{self, Outcome};
use crate::{database, features, gc, score, server, serving, table};

/// What waits for others is neither done nor failed.
const WAITING: u8 = 3;

/// Runs it to its end.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = |()| ExitCode::SUCCESS;
    let result = match command {
        Command::Server(args) => runtime.block_on(server::run(ServerConfig::here(*args)?)).map(done),
        Command::Score(args) => runtime.block_on(score::run(*args)),
        Command::Gc(args) => runtime.block_on(gc::run(*args)).map(done),
        Command::Models(args) => runtime.block_on(models::run(*args)).map(code),
        Command::Features(args) => runtime.block_on(features::run(*args)).map(done),
        Command::Table(args) => runtime.block_on(table::run(*args)).map(done),
        Command::Serve(args) => runtime.block_on(serving::run(*args)).map(done),
        Command::Db(DbCommand::Upgrade(args)) => runtime.block_on(database::upgrade(&args)).map(done),
    };
    runtime.shutdown_background(); // A file that is still being written must not hold up the end.
    result
}

fn code(outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Waiting => ExitCode::from(WAITING),
    }
}
