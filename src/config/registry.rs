//! What the flags mean to the registry.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use axum::http::HeaderName;
use forebay_db::DatabaseUrl;
use forebay_registry::{Config, DeliveryRules, FernetKey, KeySource, PrivateHosts, SourcePattern, UrlRules};

use crate::cli::{RegistryArgs, WebhookArgs};

/// Before a second attempt, as in MLflow.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Reads the flags of the registry; relative paths are taken from `folder`, the current one.
pub(super) fn registry(
    registry: &RegistryArgs,
    args: WebhookArgs,
    database: &DatabaseUrl,
    folder: &Path,
) -> anyhow::Result<Config> {
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
        source_pattern: source_pattern(registry)?,
        user_header: user_header(registry)?,
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

/// As with MLflow, an empty pattern checks nothing.
fn source_pattern(args: &RegistryArgs) -> anyhow::Result<Option<SourcePattern>> {
    let pattern = args.source_validation_regex.as_deref().filter(|pattern| !pattern.is_empty());
    pattern.map(SourcePattern::new).transpose().with_context(
        || "--create-model-version-source-validation-regex cannot be read as a regular expression",
    )
}

fn user_header(args: &RegistryArgs) -> anyhow::Result<Option<HeaderName>> {
    let name = args.trusted_user_header.as_deref().filter(|name| !name.is_empty());
    name.map(HeaderName::try_from).transpose().with_context(|| {
        format!("--trusted-user-header: '{}' cannot be the name of a header", name.unwrap_or_default())
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
