//! The `forebay` binary: reads the command line and runs one command.

mod cli;
mod command;
mod config;
mod database;
mod environment;
mod features;
mod failure;
mod gc;
mod lake;
mod lineage;
mod logging;
mod memory;
mod metrics;
mod model_origins;
mod late_registry;
mod models;
mod router;
mod score;
mod server;
mod serve;
mod serving;
mod shell;
mod seats;
mod stop;
mod table;
mod ui;
mod versions;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::parse();
    logging::start(cli.log_format, &cli.command);
    command::run(cli.command).unwrap_or_else(|error| {
        eprintln!("error: {}", failure::line(&error));
        ExitCode::FAILURE
    })
}
