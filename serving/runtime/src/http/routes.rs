//! Every path of a server of models.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};

use super::{about, body, invocations};
use crate::protocols::oip::rest;
use crate::server::Server;

pub(crate) fn routes(server: Server) -> Router {
    let inference = rest::routes(Arc::new(server.backend()), server.limits());
    Router::new()
        .route("/ping", get(about::ping))
        .route("/health", get(about::ping))
        .route("/version", get(about::version))
        .route("/openapi.json", get(about::openapi))
        .route("/invocations", post(invocations::only))
        .route("/serving-endpoints/{name}/invocations", post(invocations::named))
        // Where `mlflow.deployments` asks.
        .route("/endpoints/{name}/invocations", post(invocations::named))
        .route("/serving-endpoints/{name}/openapi", get(about::openapi_of))
        .with_state(server)
        .merge(inference.layer(from_fn(body::whole)))
}
