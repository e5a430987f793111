//! The one router: what the domains serve and the web pages, behind the shared layers and the static prefix.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONNECTION;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use forebay_core::error_code::ErrorCode;
use forebay_core::ids::RandomIds;
use forebay_tracking::Tracking;
use forebay_tracking::http::MLFLOW_RELEASE;
use forebay_web::error::ApiError;
use forebay_web::limits::Limits;
use forebay_web::request_metrics::RequestMetrics;
use forebay_web::serving::{self, Serving};
use forebay_web::stack::{StaticPrefix, WebConfig, with_layers};
use prometheus_client::registry::Registry;

use crate::config::ServerConfig;
use crate::metrics;
use crate::ui::{self, Ui};
use crate::versions::RegistryVersions;

/// How long a request may take until its answer begins: longer than the stock client waits.
const TIMEOUT: Duration = Duration::from_mins(5);

/// The longest dataset profile MLflow allows (16 MiB) fits a body, also when every character is escaped; eight of
/// the longest bodies fit the memory.
const LIMITS: Limits = Limits { json_bytes: 64 * MIB, json_bytes_in_flight: 512 * MIB };
const MIB: usize = 1024 * 1024;

/// What is served.
pub(crate) struct Domains {
    pub(crate) tracking: Tracking,
    pub(crate) registry: forebay_registry::Registry,
    pub(crate) features: forebay_features::Features,
}

/// Everything this server answers; with a registry of metrics also what is in it.
pub(crate) fn router(
    domains: Domains,
    ui: Ui,
    config: &ServerConfig,
    mut registry: Option<Registry>,
) -> Router {
    let routes = api(domains, config.tracking.serving);
    let routes = match config.static_prefix.as_str() {
        "" => routes,
        prefix => Router::new().nest(prefix, routes),
    };
    let metrics = registry.as_mut().map(|registry| RequestMetrics::register(registry, MLFLOW_RELEASE));
    let routes = match registry {
        Some(registry) => routes.merge(metrics::routes(registry)),
        None => routes,
    };
    with_layers(
        routes.merge(ui::routes(&config.static_prefix, ui)),
        WebConfig {
            ids: Arc::new(RandomIds),
            limits: LIMITS,
            timeout: TIMEOUT,
            static_prefix: config.prefix(),
            security: config.security.clone(),
            metrics,
        },
    )
}

/// The API alone, for a caller in this process.
pub(crate) fn bare_router(domains: Domains, serving: Serving) -> Router {
    with_layers(
        api(domains, serving),
        WebConfig {
            ids: Arc::new(RandomIds),
            limits: LIMITS,
            timeout: TIMEOUT,
            static_prefix: StaticPrefix::default(),
            security: None,
            metrics: None,
        },
    )
}

fn api(domains: Domains, serving: Serving) -> Router {
    let versions = Arc::new(RegistryVersions(domains.registry.clone()));
    forebay_tracking::http::routes(domains.tracking, versions)
        .merge(forebay_registry::http::routes(domains.registry))
        .merge(forebay_features::http::routes(domains.features))
        .route_layer(from_fn_with_state(serving, serving::check))
}

/// What those are answered for whose connection there is no room.
pub(crate) fn no_room() -> Router {
    async fn answer() -> Response {
        let why = "The server has as many connections as it may. Try again later.";
        ([(CONNECTION, "close")], ApiError::new(ErrorCode::TemporarilyUnavailable, why)).into_response()
    }
    Router::new().fallback(answer)
}
