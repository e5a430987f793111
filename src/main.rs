//! The `forebay` binary: reads the command line and runs one command.

mod cli;
mod config;
mod database;
mod logging;
mod router;
mod server;
mod serve;
mod stop;

use std::process::ExitCode;

use crate::cli::{Command, DbCommand};
use crate::config::ServerConfig;

fn main() -> ExitCode {
    let cli = cli::parse();
    logging::start(cli.log_format);
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = match command {
        Command::Server(args) => {
            let config = ServerConfig::new(*args, &std::env::current_dir()?)?;
            runtime.block_on(server::run(config))
        }
        Command::Db(DbCommand::Upgrade(args)) => runtime.block_on(database::upgrade(&args)),
    };
    // A file that is still being written must not hold up the end.
    runtime.shutdown_background();
    result
}
