//! Running the one command of a command line.

use std::process::ExitCode;

use crate::cli::{Command, DbCommand};
use crate::config::ServerConfig;
use crate::models::{self, Outcome};
use crate::{database, gc, server};

/// What waits for others is neither done nor failed.
const WAITING: u8 = 3;

/// Runs it to its end.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = |()| Outcome::Done;
    let result = match command {
        Command::Server(args) => runtime.block_on(server::run(ServerConfig::here(*args)?)).map(done),
        Command::Gc(args) => runtime.block_on(gc::run(*args)).map(done),
        Command::Models(args) => runtime.block_on(models::run(*args)),
        Command::Db(DbCommand::Upgrade(args)) => runtime.block_on(database::upgrade(&args)).map(done),
    };
    runtime.shutdown_background(); // A file that is still being written must not hold up the end.
    Ok(match result? {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Waiting => ExitCode::from(WAITING),
    })
}
