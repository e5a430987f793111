//! From raw flags to a configuration that makes sense: the one place that judges them.

mod registry;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use axum::http::HeaderValue;
use forebay_db::{DatabaseUrl, OpenOptions};
use forebay_features::{Config as FeaturesConfig, Locations};
use forebay_registry::Config as RegistryConfig;
use forebay_tracking::{Config as TrackingConfig, GraphqlLimits, LocationRules, LongValues, StoreSettings};
use forebay_web::host::AllowedHosts;
use forebay_web::origin::AllowedOrigins;
use forebay_web::serving::Serving;
use forebay_web::stack::{Security, StaticPrefix};

use crate::cli::{
    FeatureStoreArgs, ForeignArgs, FrameOption, GraphqlArgs, NetworkArgs, SecurityArgs, ServerArgs,
    StorageArgs,
};
use crate::database::open_options;
use crate::environment;
use crate::memory;

/// Everything that `forebay server` needs to know.
#[derive(Debug)]
pub(crate) struct ServerConfig {
    pub(crate) database: DatabaseUrl,
    pub(crate) open: OpenOptions,
    pub(crate) tracking: TrackingConfig,
    pub(crate) registry: RegistryConfig,
    pub(crate) features: FeaturesConfig,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) static_prefix: String,
    pub(crate) security: Option<Security>,
    /// Whether `GET /metrics` is served, and what it tells is counted at all.
    pub(crate) expose_metrics: bool,
    /// The folder of the web UI; `None` to look for one.
    pub(crate) ui_dir: Option<PathBuf>,
    /// Flags that were given and mean nothing here.
    pub(crate) ignored: Vec<&'static str>,
}

impl ServerConfig {
    /// Reads the flags, in the current folder and environment.
    pub(crate) fn here(args: ServerArgs) -> anyhow::Result<Self> {
        Self::new(args, &std::env::current_dir()?, environment::object_stores())
    }

    /// Reads the flags; relative local paths are taken from `folder`, the current one.
    pub(crate) fn new(args: ServerArgs, folder: &Path, object_stores: StoreSettings) -> anyhow::Result<Self> {
        let ServerArgs {
            storage,
            network,
            pages,
            security,
            monitoring,
            registry,
            graphql,
            webhooks,
            features,
            foreign,
            ..
        } = args;
        refuse_what_cannot_be_ignored(&foreign, &storage)?;
        let database = storage.backend_store_uri.0.parse()?;
        let registry = registry::registry(&registry, webhooks, &database, folder)?;
        Ok(ServerConfig {
            features: FeaturesConfig {
                user_header: registry.user_header.clone(),
                locations: locations(&features)?,
                memory_bytes: features.features_memory.unwrap_or_else(memory::half),
            },
            registry,
            database,
            open: open_options(storage.pool_size, storage.allow_unknown_schema),
            static_prefix: static_prefix(&network)?,
            host: network.host,
            port: network.port,
            security: browser_guards(&security),
            // As with MLflow, an empty folder switches nothing on.
            expose_metrics: monitoring.expose_prometheus.is_some_and(|folder| !folder.is_empty()),
            ui_dir: pages.ui_dir,
            ignored: foreign.ignored(),
            tracking: tracking(storage, &graphql, folder, object_stores)?,
        })
    }

    /// The prefix as the layers want it.
    pub(crate) fn prefix(&self) -> StaticPrefix {
        StaticPrefix::new(&self.static_prefix)
    }
}

/// An empty place names nothing.
fn locations(args: &FeatureStoreArgs) -> anyhow::Result<Locations> {
    let places = args.features_location.iter().map(|place| place.trim()).filter(|place| !place.is_empty());
    let read = |place: &str| place.parse().map_err(|reason| anyhow!("--features-location: {reason}"));
    Ok(Locations::Below(places.map(read).collect::<Result<_, _>>()?))
}

fn tracking(
    storage: StorageArgs,
    graphql: &GraphqlArgs,
    folder: &Path,
    object_stores: StoreSettings,
) -> anyhow::Result<TrackingConfig> {
    let folder = folder.to_str().context("the current folder's name is not UTF-8")?;
    let serve_artifacts = storage.serve_artifacts && !storage.no_serve_artifacts;
    let artifact_root = match storage.default_artifact_root {
        Some(root) => root.0,
        None if serve_artifacts => "mlflow-artifacts:/".to_owned(),
        None => "./mlruns".to_owned(),
    };
    let serving = match (storage.artifacts_only, serve_artifacts) {
        (true, true) => Serving::ArtifactsOnly,
        (true, false) => bail!("--artifacts-only and --no-serve-artifacts leave nothing to serve"),
        (false, true) => Serving::All,
        (false, false) => Serving::TrackingOnly,
    };
    let long_values = if storage.truncate_long_values { LongValues::Truncate } else { LongValues::Refuse };
    Ok(TrackingConfig {
        artifact_root,
        artifacts_destination: storage.artifacts_destination.0,
        object_stores,
        serving,
        long_values,
        locations: LocationRules {
            max_chars: storage.artifact_location_max_length,
            folder: folder.to_owned(),
        },
        graphql: GraphqlLimits {
            max_root_fields: graphql.graphql_max_root_fields,
            max_aliases: graphql.graphql_max_aliases,
        },
    })
}

/// Flags whose absence would change what is stored, or who may read it.
fn refuse_what_cannot_be_ignored(foreign: &ForeignArgs, storage: &StorageArgs) -> anyhow::Result<()> {
    if let Some(app) = &foreign.app_name {
        bail!("--app-name {app}: authentication is not supported yet; put an authenticating proxy in front");
    }
    if foreign.artifacts_presigned_only {
        bail!(
            "--artifacts-presigned-only: not supported; leave the flag out, and clients that can will use presigned addresses"
        );
    }
    if foreign.enable_workspaces {
        bail!("--enable-workspaces: workspaces are not supported; everything lives in the default one");
    }
    if foreign.registry_store_uri.as_ref().is_some_and(|uri| *uri != storage.backend_store_uri) {
        bail!("--registry-store-uri: a registry in another database is not supported; leave the flag out");
    }
    Ok(())
}

fn static_prefix(network: &NetworkArgs) -> anyhow::Result<String> {
    let Some(prefix) = &network.static_prefix else { return Ok(String::new()) };
    if !prefix.starts_with('/') {
        bail!("--static-prefix must begin with a '/'.");
    }
    if prefix.ends_with('/') {
        bail!("--static-prefix should not end with a '/'.");
    }
    if prefix.contains(['{', '}']) {
        bail!("--static-prefix must not contain '{{' or '}}'.");
    }
    Ok(prefix.clone())
}

pub(crate) fn browser_guards(args: &SecurityArgs) -> Option<Security> {
    if args.disable_security_middleware {
        return None;
    }
    let frame_option = match args.x_frame_options {
        FrameOption::SameOrigin => Some(HeaderValue::from_static("SAMEORIGIN")),
        FrameOption::Deny => Some(HeaderValue::from_static("DENY")),
        FrameOption::None => None,
    };
    let allowed_hosts = args.allowed_hosts.as_deref().map(AllowedHosts::from_list).unwrap_or_default();
    let origins = args.cors_allowed_origins.as_deref();
    let allowed_origins = origins.map(AllowedOrigins::from_list).unwrap_or_default();
    Some(Security { allowed_hosts, allowed_origins, frame_option })
}

#[cfg(test)]
mod tests;
