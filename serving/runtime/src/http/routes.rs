//! Every path of a server of models.

use axum::Router;
use axum::routing::{any, get, post};

use super::oip::{about as tell, infer};
use super::{about, endpoints, invocations};
use crate::server::Server;

pub(crate) fn routes(server: Server) -> Router {
    Router::new()
        .route("/ping", get(about::ping))
        .route("/health", get(about::ping))
        .route("/version", get(about::version))
        .route("/openapi.json", get(about::openapi))
        .route("/invocations", post(invocations::only))
        .route("/serving-endpoints/{name}/invocations", post(invocations::named))
        .route("/serving-endpoints/{name}/openapi", get(about::openapi_of))
        // Where `mlflow.deployments` asks.
        .route("/endpoints/{name}/invocations", post(invocations::named))
        .route("/api/2.0/endpoints/", get(endpoints::list))
        .route("/api/2.0/endpoints/{name}", get(endpoints::get))
        .route("/v2", get(tell::server_metadata))
        .route("/v2/", get(tell::server_metadata))
        .route("/v2/health/live", get(tell::server_live))
        .route("/v2/health/ready", get(tell::server_ready))
        .route("/v2/models/stats", get(tell::statistics))
        .route("/v2/models/{model}", get(tell::model_metadata))
        .route("/v2/models/{model}/ready", get(tell::model_ready))
        .route("/v2/models/{model}/config", get(tell::model_config))
        .route("/v2/models/{model}/stats", get(tell::model_statistics))
        .route("/v2/models/{model}/infer", post(infer::infer))
        .route("/v2/models/{model}/versions/{version}", get(tell::model_metadata))
        .route("/v2/models/{model}/versions/{version}/ready", get(tell::model_ready))
        .route("/v2/models/{model}/versions/{version}/config", get(tell::model_config))
        .route("/v2/models/{model}/versions/{version}/stats", get(tell::model_statistics))
        .route("/v2/models/{model}/versions/{version}/infer", post(infer::infer))
        .route("/v2/repository/index", post(tell::index).get(tell::index))
        .route("/v2/repository/models/{model}/load", post(tell::fixed_models))
        .route("/v2/repository/models/{model}/unload", post(tell::fixed_models))
        .route("/v2/{*path}", any(tell::unknown))
        .with_state(server)
}
