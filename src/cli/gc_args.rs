//! `forebay gc`: the raw flags and variables. [`crate::gc`] gives them their meaning.

use clap::Args;
use clap::builder::BoolishValueParser;

use super::secret::Secret;

/// Flags of `mlflow gc`, and a dry run.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Only what was deleted at least so long ago, as in `30d`, `1d2h3m4s` or `1.5h`.
    #[arg(long, value_name = "AGE")]
    pub(crate) older_than: Option<String>,
    /// Runs to delete for good, separated by commas. Default: all deleted ones.
    #[arg(long, value_name = "IDS")]
    pub(crate) run_ids: Option<String>,
    /// Experiments to delete for good with all that is in them, separated by commas. Default: all deleted ones.
    #[arg(long, value_name = "IDS")]
    pub(crate) experiment_ids: Option<String>,
    /// Logged models to delete for good, separated by commas. Default: all deleted ones.
    #[arg(long, value_name = "IDS")]
    pub(crate) logged_model_ids: Option<String>,
    /// Show what would be deleted, and delete nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Database of runs and models: `sqlite:///path/to/mlflow.db` (relative) or
    /// `postgresql://user:password@host:5432/database`.
    #[arg(long, env = "MLFLOW_BACKEND_STORE_URI", value_name = "URI", default_value = "sqlite:///mlflow.db")]
    pub(crate) backend_store_uri: Secret,
    /// Folder or bucket behind the server's artifact proxy. Artifacts whose location is `mlflow-artifacts:` are
    /// deleted there, without the server.
    #[arg(long, env = "MLFLOW_ARTIFACTS_DESTINATION", value_name = "URI", default_value = "./mlartifacts")]
    pub(crate) artifacts_destination: Secret,
    /// Use a database although its schema is unknown to this release.
    #[arg(long, env = "FOREBAY_ALLOW_UNKNOWN_SCHEMA", value_parser = BoolishValueParser::new())]
    pub(crate) allow_unknown_schema: bool,
    #[command(flatten)]
    pub(crate) foreign: ForeignGcArgs,
}

/// Flags of `mlflow gc` that have no meaning here.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accepted for compatibility with MLflow")]
pub(crate) struct ForeignGcArgs {
    /// Ignored: no server is needed, see --artifacts-destination.
    #[arg(long, env = "MLFLOW_TRACKING_URI", hide_env = true, value_name = "URI")]
    pub(crate) tracking_uri: Option<Secret>,
    /// Only `default`: there are no other workspaces.
    #[arg(long, env = "MLFLOW_WORKSPACE", hide_env = true, value_name = "NAME")]
    pub(crate) workspace: Option<String>,
    /// Refused: there are no workspaces.
    #[arg(long)]
    pub(crate) all_workspaces: bool,
    /// Refused: there are no jobs.
    #[arg(long)]
    pub(crate) jobs: bool,
    /// Refused: there are no jobs.
    #[arg(long, value_name = "IDS")]
    pub(crate) job_ids: Option<String>,
}
