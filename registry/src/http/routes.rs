//! Every endpoint of this crate, and nothing else. tidy: table

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::{event_subscriptions, model_versions, registered_models, wake, webhooks};
use crate::Registry;

/// All routes, at the paths that MLflow gives them.
pub fn routes(registry: Registry) -> Router {
    Router::new()
        .nest("/api/2.0", api_2_0())
        .nest("/ajax-api/2.0", api_2_0())
        .route_layer(from_fn_with_state(registry.clone(), wake::after_writes))
        .with_state(registry)
}

/// Under `/api/2.0` for clients and `/ajax-api/2.0` for the web UI.
fn api_2_0() -> Router<Registry> {
    Router::new()
        .route("/mlflow/registered-models/search", get(registered_models::search))
        .route("/mlflow/model-versions/search", get(model_versions::search))
        .route("/mlflow/webhooks", get(webhooks::list).post(webhooks::create))
        .route(
            "/mlflow/webhooks/{webhook_id}",
            get(webhooks::get).patch(webhooks::update).delete(webhooks::delete),
        )
        .route("/mlflow/webhooks/{webhook_id}/test", post(webhooks::test))
        .route(
            "/forebay/event-subscriptions",
            get(event_subscriptions::list).post(event_subscriptions::create),
        )
        .route(
            "/forebay/event-subscriptions/{subscription_id}",
            get(event_subscriptions::get)
                .patch(event_subscriptions::update)
                .delete(event_subscriptions::delete),
        )
        .route("/forebay/event-subscriptions/{subscription_id}/test", post(event_subscriptions::test))
}
