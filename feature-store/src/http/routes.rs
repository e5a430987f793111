//! Every endpoint of this crate, and nothing else. tidy: table

use axum::Router;
use axum::routing::{delete, get, post};

use super::{definitions, training_sets};
use crate::Features;

/// All routes. MLflow has none like them.
pub fn routes(features: Features) -> Router {
    Router::new()
        .nest("/api/2.0/forebay/features", features_routes())
        .nest("/ajax-api/2.0/forebay/features", features_routes())
        .with_state(features)
}

fn features_routes() -> Router<Features> {
    Router::new()
        .route("/plan", post(definitions::plan))
        .route("/apply", post(definitions::apply))
        .route("/list", get(definitions::list))
        .route("/get", get(definitions::get))
        .route("/history", get(definitions::history))
        .route("/delete", delete(definitions::delete))
        .route("/training-sets", post(training_sets::make))
        .route("/service-definitions", get(definitions::service))
}
