//! The command line. Flags and variables are MLflow's where MLflow has them.

mod db_args;
mod features_args;
mod gc_args;
mod models_args;
mod promotion_args;
mod score_args;
mod secret;
mod serve_args;
mod server_args;
mod size;
mod table_args;
mod target_args;
mod webhook_args;

use clap::builder::Resettable;
use clap::{Arg, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

pub(crate) use db_args::{DbCommand, UpgradeArgs};
pub(crate) use features_args::{
    DefinitionArgs, DefinitionFilesArgs, DefinitionsArgs, DeleteDefinitionArgs, FeaturesArgs,
    FeaturesCommand, OneDefinitionArgs, TrainingSetArgs,
};
pub(crate) use gc_args::{ForeignGcArgs, GcArgs};
pub(crate) use models_args::{DownloadArgs, ListArgs, ModelsArgs, ModelsCommand, VersionArgs, VersionsArgs};
pub(crate) use promotion_args::{
    ApplyArgs, DecideArgs, DeletePolicyArgs, HistoryArgs, NamedPolicyArgs, PolicyCommand, PolicyListArgs,
    PromoteArgs, PromotionIdArgs, PromotionStatus, PromotionsArgs, RollbackArgs,
};
pub(crate) use score_args::{ScoreArgs, SummaryFormat};
pub(crate) use secret::Secret;
pub(crate) use serve_args::{EngineArgs, QueueArgs, ServeArgs};
pub(crate) use server_args::{
    FeatureStoreArgs, ForeignArgs, FrameOption, GraphqlArgs, NetworkArgs, RegistryArgs, SecurityArgs,
    ServerArgs, StorageArgs,
};
pub(crate) use table_args::{HeadArgs, LakeTableArgs, TableCommand, TableHistoryArgs, WhichArgs};
pub(crate) use target_args::{OriginArgs, OutputArgs, OutputFormat};
pub(crate) use webhook_args::WebhookArgs;

/// An MLflow-compatible tracking server, model registry and serving engine in one binary.
#[derive(Debug, Parser)]
#[command(name = "forebay", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How log lines look: text, or json for one object per line.
    #[arg(
        long,
        global = true,
        env = "FOREBAY_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the tracking server; takes the flags and variables of `mlflow server`.
    // As with MLflow, the last of two equal flags counts.
    #[command(args_override_self = true, disable_help_flag = true)]
    Server(Box<ServerArgs>),
    /// Delete for good what is marked deleted, with its artifacts; takes the flags and variables of `mlflow gc`.
    #[command(args_override_self = true)]
    Gc(Box<GcArgs>),
    /// Look at registered models, promote their versions and download them, on a server or in a database.
    Models(Box<ModelsArgs>),
    /// Define features, look at definitions and delete them, on a server or in a database.
    Features(Box<FeaturesArgs>),
    /// Score a table with a model: Parquet, CSV, JSON lines or Arrow in, the same with predictions out.
    Score(Box<ScoreArgs>),
    /// Look into tables: Delta, Parquet, CSV, JSON lines or Arrow, on this machine and in object stores.
    Table(Box<LakeTableArgs>),
    /// Serve models in real time, over MLflow's scoring protocol and the Open Inference Protocol; takes the flags of
    /// `mlflow models serve` that mean something here.
    #[command(args_override_self = true, disable_help_flag = true)]
    Serve(Box<ServeArgs>),
    /// Manage the database.
    #[command(subcommand)]
    Db(DbCommand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Reads the command line and the variables; on a mistake, and for help, prints what there is to say and exits.
pub(crate) fn parse() -> Cli {
    let matches = command().get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The command line. Help shows the names of variables but no values, which may be secrets.
fn command() -> clap::Command {
    let careful =
        |command: clap::Command| command.mut_args(|arg| without_empty_variable(arg.hide_env_values(true)));
    let all = Cli::command().mut_args(|arg| arg.hide_env_values(true));
    all.mut_subcommand("server", careful)
        .mut_subcommand("gc", careful)
        .mut_subcommand("models", careful)
        .mut_subcommand("score", careful)
        .mut_subcommand("serve", careful)
        .mut_subcommand("table", careful)
}

/// An empty variable counts as none, as with MLflow: container set-ups like to leave them empty.
fn without_empty_variable(arg: Arg) -> Arg {
    #[expect(clippy::disallowed_methods, reason = "a part of reading the configuration with clap")]
    let is_empty = |name| std::env::var_os(name).is_some_and(|value| value.is_empty());
    if arg.get_env().is_some_and(is_empty) { arg.env(Resettable::Reset) } else { arg }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The arguments of `forebay server` with these flags.
    pub(crate) fn server_args(flags: &[&str]) -> Result<ServerArgs, clap::Error> {
        let matches = command().try_get_matches_from(["forebay", "server"].iter().chain(flags))?;
        match Cli::from_arg_matches(&matches)?.command {
            Command::Server(args) => Ok(*args),
            _ => unreachable!("the command is server"),
        }
    }

    /// The arguments of `forebay models` with these words.
    pub(crate) fn models_args(words: &[&str]) -> Result<ModelsArgs, clap::Error> {
        let matches = command().try_get_matches_from(["forebay", "models"].iter().chain(words))?;
        match Cli::from_arg_matches(&matches)?.command {
            Command::Models(args) => Ok(*args),
            _ => unreachable!("the command is models"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn the_last_of_two_equal_flags_counts() {
        let args = server_args(&["-h", "::1", "--port", "1", "--port", "2"]).unwrap();
        assert_eq!((&*args.network.host, args.network.port), ("::1", 2));
    }

    #[test]
    fn options_of_other_servers_are_taken_whatever_they_look_like() {
        let flags = ["--gunicorn-opts", "--timeout 5", "--uvicorn-opts", "--reload", "-w", "4"];
        let ignored = server_args(&flags).unwrap().foreign.ignored();
        assert_eq!(ignored, ["--workers", "--gunicorn-opts", "--uvicorn-opts"]);
    }

    #[test]
    fn no_uri_of_a_database_is_shown_by_debug() {
        let uri = "postgresql://user:hunter2@host/db";
        let flags = [
            "--backend-store-uri",
            "--registry-store-uri",
            "--read-replica-backend-store-uri",
            "--workspace-store-uri",
            "--default-artifact-root",
            "--artifacts-destination",
            "--webhook-secret-encryption-key",
        ];
        let args = server_args(&flags.map(|flag| [flag, uri]).concat()).unwrap();
        assert!(!format!("{args:?}").contains("hunter2"));
        assert_eq!(args.storage.backend_store_uri.0, uri);
        for command in [
            ["forebay", "db", "upgrade", uri].as_slice(),
            &[
                "forebay",
                "gc",
                "--backend-store-uri",
                uri,
                "--tracking-uri",
                uri,
                "--artifacts-destination",
                uri,
            ],
        ] {
            assert!(!format!("{:?}", Cli::parse_from(command)).contains("hunter2"));
        }
    }

    #[test]
    fn a_bad_value_is_told_with_its_flag() {
        for (flags, expected) in [
            (["--port", "70000"], "'70000' for '--port <PORT>'"),
            (["--pool-size", "x"], "'x' for '--pool-size <N>'"),
            (["--serve-artifacts=maybe", "-p1"], "'maybe' for '--serve-artifacts[=<BOOL>]'"),
            (["--x-frame-options", "MAYBE"], "'MAYBE' for '--x-frame-options <VALUE>'"),
        ] {
            let error = server_args(&flags).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
