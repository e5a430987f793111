//! `forebay db …`

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};

use super::secret::Secret;

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Create the schema in an empty database, or check that an existing one can be used.
    Upgrade(UpgradeArgs),
}

/// An existing schema is never altered: for one that is too old, run `mlflow db upgrade` first.
#[derive(Debug, Args)]
pub(crate) struct UpgradeArgs {
    /// `sqlite:///path/to/mlflow.db` or `postgresql://user:password@host:5432/database`.
    pub(crate) url: Secret,
    /// Accept a schema that this release does not know.
    #[arg(long, env = "FOREBAY_ALLOW_UNKNOWN_SCHEMA", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(crate) allow_unknown_schema: bool,
}
