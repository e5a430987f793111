//! Which registry a command is about. [`crate::shell::target`] gives these flags and variables their meaning.

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use super::secret::Secret;

/// A server or a database.
// The two addresses have no `env`: a flag has to win over the variable of the other one, so `crate::environment` reads
// those.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which registry")]
pub(crate) struct OriginArgs {
    /// A tracking server, Forebay's or MLflow's, as in `http://127.0.0.1:5000`. Who asks is said by
    /// `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or by `MLFLOW_TRACKING_TOKEN`. Left out, the
    /// variable `MLFLOW_TRACKING_URI` counts.
    #[arg(long, global = true, value_name = "URI", conflicts_with = "backend_store_uri")]
    pub(crate) tracking_uri: Option<Secret>,
    /// A database, used without a server: `sqlite:///path/to/mlflow.db` (relative) or
    /// `postgresql://user:password@host:5432/database`. It has to be there. Left out, and without a server, the
    /// variable `MLFLOW_BACKEND_STORE_URI` counts, else `sqlite:///mlflow.db`. A flag wins over both variables.
    #[arg(long, global = true, value_name = "URI")]
    pub(crate) backend_store_uri: Option<Secret>,
    /// With a database: what is behind the server's artifact proxy, where files of versions at
    /// `mlflow-artifacts:` are read.
    #[arg(
        long,
        global = true,
        env = "MLFLOW_ARTIFACTS_DESTINATION",
        value_name = "URI",
        default_value = "./mlartifacts"
    )]
    pub(crate) artifacts_destination: Secret,
    /// Use a database although its schema is unknown to this release.
    #[arg(
        long,
        global = true,
        env = "FOREBAY_ALLOW_UNKNOWN_SCHEMA",
        value_parser = BoolishValueParser::new()
    )]
    pub(crate) allow_unknown_schema: bool,
}

/// A registry, and how answers look.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it is shown")]
pub(crate) struct TargetArgs {
    #[command(flatten)]
    pub(crate) origin: OriginArgs,
    #[command(flatten)]
    pub(crate) shown: OutputArgs,
}

/// How answers look, for every command that shows some.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// table for people, json for programs: the messages of the REST API where there is one.
    #[arg(
        long,
        short,
        global = true,
        env = "FOREBAY_OUTPUT",
        value_name = "FORMAT",
        default_value = "table",
        hide_possible_values = true
    )]
    pub(crate) output: OutputFormat,
}

/// How answers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Table,
    Json,
}
