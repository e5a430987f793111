//! The `forebay` binary: reads the command line and runs one command.

mod cli;
mod config;
mod database;
mod environment;
mod failure;
mod gc;
mod lineage;
mod logging;
mod metrics;
mod router;
mod server;
mod serve;
mod seats;
mod stop;
mod ui;
mod versions;

use std::process::ExitCode;

use cli::{Command, DbCommand};

fn main() -> ExitCode {
    let cli = cli::parse();
    logging::start(cli.log_format);
    let Err(error) = run(cli.command) else { return ExitCode::SUCCESS };
    eprintln!("error: {}", failure::line(&error));
    ExitCode::FAILURE
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = match command {
        Command::Server(args) => runtime.block_on(server::run(config::ServerConfig::here(*args)?)),
        Command::Gc(args) => runtime.block_on(gc::run(*args)),
        Command::Db(DbCommand::Upgrade(args)) => runtime.block_on(database::upgrade(&args)),
    };
    runtime.shutdown_background(); // A file that is still being written must not hold up the end.
    result
}
