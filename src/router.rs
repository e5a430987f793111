//! The one router: what the domains serve and the web pages, behind the shared layers and the static prefix.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use forebay_core::ids::RandomIds;
use forebay_tracking::Tracking;
use forebay_tracking::http::MLFLOW_RELEASE;
use forebay_web::limits::Limits;
use forebay_web::request_metrics::RequestMetrics;
use forebay_web::stack::{WebConfig, with_layers};
use prometheus_client::registry::Registry;

use crate::config::ServerConfig;
use crate::metrics;
use crate::ui::{self, Ui};

/// How long a request may take until its answer begins: longer than the stock client waits.
const TIMEOUT: Duration = Duration::from_mins(5);

/// The longest dataset profile MLflow allows (16 MiB) fits a body, also when every character is escaped; eight of
/// the longest bodies fit the memory.
const LIMITS: Limits = Limits { json_bytes: 64 * MIB, json_bytes_in_flight: 512 * MIB };
const MIB: usize = 1024 * 1024;

/// Everything this server answers; with a registry also what is in it.
pub(crate) fn router(
    tracking: Tracking,
    ui: Ui,
    config: &ServerConfig,
    mut registry: Option<Registry>,
) -> Router {
    let routes = forebay_tracking::http::routes(tracking);
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
