//! Every endpoint of this crate, and nothing else. tidy: table

use axum::Router;
use axum::routing::get;

use super::{model_versions, registered_models};
use crate::Registry;

/// All routes, at the paths that MLflow gives them.
pub fn routes(registry: Registry) -> Router {
    Router::new().nest("/api/2.0", api_2_0()).nest("/ajax-api/2.0", api_2_0()).with_state(registry)
}

/// Under `/api/2.0` for clients and `/ajax-api/2.0` for the web UI.
fn api_2_0() -> Router<Registry> {
    Router::new()
        .route("/mlflow/registered-models/search", get(registered_models::search))
        .route("/mlflow/model-versions/search", get(model_versions::search))
}
