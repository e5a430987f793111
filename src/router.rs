//! The one router: what the domains serve, behind the shared layers and the static prefix.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use forebay_core::ids::RandomIds;
use forebay_tracking::Tracking;
use forebay_web::limits::Limits;
use forebay_web::stack::{WebConfig, with_layers};

use crate::config::ServerConfig;

/// How long a request may take until its answer begins: longer than the stock client waits.
const TIMEOUT: Duration = Duration::from_mins(5);

/// The longest dataset profile MLflow allows (16 MiB) fits a body, also when every character is escaped; eight of
/// the longest bodies fit the memory.
const LIMITS: Limits = Limits { json_bytes: 64 * MIB, json_bytes_in_flight: 512 * MIB };
const MIB: usize = 1024 * 1024;

/// Everything this server answers.
pub(crate) fn router(tracking: Tracking, config: &ServerConfig) -> Router {
    let routes = forebay_tracking::http::routes(tracking);
    let routes = match config.static_prefix.as_str() {
        "" => routes,
        prefix => Router::new().nest(prefix, routes),
    };
    with_layers(
        routes,
        WebConfig {
            ids: Arc::new(RandomIds),
            limits: LIMITS,
            timeout: TIMEOUT,
            static_prefix: config.prefix(),
            security: config.security.clone(),
        },
    )
}
