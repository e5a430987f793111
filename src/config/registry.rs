//! What the flags mean to the registry.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use forebay_db::DatabaseUrl;
use forebay_registry::{Config, DeliveryRules, FernetKey, KeySource, PrivateHosts, UrlRules};

use crate::cli::WebhookArgs;

/// Before a second attempt, as in MLflow.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Reads the flags of webhooks; relative paths are taken from `folder`, the current one.
pub(super) fn registry(args: WebhookArgs, database: &DatabaseUrl, folder: &Path) -> anyhow::Result<Config> {
    let schemes = args.webhook_allowed_schemes.split(',').map(|scheme| scheme.trim().to_ascii_lowercase());
    let private_hosts =
        if args.webhook_allow_private_ips { PrivateHosts::Allowed } else { PrivateHosts::Refused };
    let webhook_key = match args.webhook_secret_encryption_key {
        Some(key) => KeySource::Given(
            FernetKey::parse(&key.0).context("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY cannot be used")?,
        ),
        None => KeySource::File(folder.join(key_file(args.webhook_key_file, database))),
    };
    Ok(Config {
        webhook_urls: UrlRules {
            schemes: schemes.filter(|scheme| !scheme.is_empty()).collect(),
            private_hosts,
        },
        deliveries: DeliveryRules {
            timeout: Duration::from_secs(args.webhook_request_timeout.into()),
            max_retries: args.webhook_request_max_retries,
            first_pause: FIRST_PAUSE,
            max_workers: args.webhook_delivery_max_workers.into(),
        },
        webhook_key,
    })
}

/// Beside the database, if that is a file.
fn key_file(given: Option<PathBuf>, database: &DatabaseUrl) -> PathBuf {
    match (given, database.sqlite_path()) {
        (Some(path), _) => path,
        (None, Some(path)) => {
            let mut name = path.as_os_str().to_owned();
            name.push(".webhook-key");
            name.into()
        }
        (None, None) => "forebay.webhook-key".into(),
    }
}
