//! Flags of webhooks; the variables are MLflow's.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use super::secret::Secret;

/// Where events are sent, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Webhooks")]
#[expect(clippy::struct_field_names, reason = "flags are named by their fields")]
pub(crate) struct WebhookArgs {
    /// Key that encrypts the secrets of webhooks in the database, as MLflow takes it. Better given by the variable, as
    /// others see flags. Default: the one in --webhook-key-file.
    #[arg(long, env = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY", value_name = "KEY")]
    pub(crate) webhook_secret_encryption_key: Option<Secret>,
    /// File with that key, made when the first secret is stored. Servers of one database need the same. Default:
    /// beside the SQLite file, as in mlflow.db.webhook-key; with PostgreSQL ./forebay.webhook-key.
    #[arg(long, env = "FOREBAY_WEBHOOK_KEY_FILE", value_name = "FILE")]
    pub(crate) webhook_key_file: Option<PathBuf>,
    /// Schemes that webhooks may have, separated by commas. Another than https only for tests.
    #[arg(long, env = "MLFLOW_WEBHOOK_ALLOWED_SCHEMES", value_name = "SCHEMES", default_value = "https")]
    pub(crate) webhook_allowed_schemes: String,
    /// Send events to loopback and private addresses too, which lets whoever makes webhooks reach what this server
    /// can reach.
    #[arg(
        long,
        env = "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new(),
        hide_possible_values = true
    )]
    pub(crate) webhook_allow_private_ips: bool,
    /// How long a receiver may take to answer.
    #[arg(
        long,
        env = "MLFLOW_WEBHOOK_REQUEST_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) webhook_request_timeout: u32,
    /// How often a delivery is tried again.
    #[arg(long, env = "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES", value_name = "N", default_value_t = 3)]
    pub(crate) webhook_request_max_retries: u32,
    /// Deliveries that are sent at once.
    #[arg(
        long,
        env = "MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS",
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub(crate) webhook_delivery_max_workers: u16,
}
