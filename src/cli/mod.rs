//! The command line. Flags and variables are MLflow's where MLflow has them.

mod db_args;
mod server_args;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use db_args::{DbCommand, UpgradeArgs};
pub(crate) use server_args::{ForeignArgs, NetworkArgs, SecurityArgs, ServerArgs, StorageArgs};

/// An MLflow-compatible tracking server in one binary.
#[derive(Debug, Parser)]
#[command(name = "forebay", version, about, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How log lines look.
    #[arg(long, global = true, env = "FOREBAY_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the tracking server; takes the flags and variables of `mlflow server`.
    Server(Box<ServerArgs>),
    /// Manage the database.
    #[command(subcommand)]
    Db(DbCommand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One readable line per event.
    Text,
    /// One JSON object per event.
    Json,
}
