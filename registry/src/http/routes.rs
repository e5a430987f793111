//! Every endpoint of this crate, and nothing else. tidy: table

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, patch, post};

use super::{
    aliases, event_subscriptions, model_versions, promotion_policies, promotions, registered_models, wake,
    webhooks,
};
use crate::Registry;

/// All routes, at the paths that MLflow gives them.
pub fn routes(registry: Registry) -> Router {
    Router::new()
        .nest("/api/2.0", api_2_0())
        .nest("/ajax-api/2.0", api_2_0())
        .nest("/api/2.0/forebay", ours())
        .nest("/ajax-api/2.0/forebay", ours())
        .route("/model-versions/get-artifact", get(model_versions::get_artifact))
        .route_layer(from_fn_with_state(registry.clone(), wake::after_writes))
        .with_state(registry)
}

/// Under `/api/2.0` for clients and `/ajax-api/2.0` for the web UI.
fn api_2_0() -> Router<Registry> {
    Router::new()
        .route("/mlflow/registered-models/create", post(registered_models::create))
        .route("/mlflow/registered-models/get", get(registered_models::get))
        .route(
            "/mlflow/registered-models/get-latest-versions",
            get(registered_models::get_latest_versions).post(registered_models::get_latest_versions),
        )
        .route("/mlflow/registered-models/update", patch(registered_models::update))
        .route("/mlflow/registered-models/rename", post(registered_models::rename))
        .route("/mlflow/registered-models/delete", delete(registered_models::delete))
        .route("/mlflow/registered-models/search", get(registered_models::search))
        .route("/mlflow/registered-models/set-tag", post(registered_models::set_tag))
        .route("/mlflow/registered-models/delete-tag", delete(registered_models::delete_tag))
        .route(
            "/mlflow/registered-models/alias",
            get(aliases::get).post(aliases::set).delete(aliases::delete),
        )
        .route("/mlflow/model-versions/create", post(model_versions::create))
        .route("/mlflow/model-versions/get", get(model_versions::get))
        .route("/mlflow/model-versions/get-download-uri", get(model_versions::get_download_uri))
        .route("/mlflow/model-versions/update", patch(model_versions::update))
        .route("/mlflow/model-versions/transition-stage", post(model_versions::transition_stage))
        .route("/mlflow/model-versions/delete", delete(model_versions::delete))
        .route("/mlflow/model-versions/search", get(model_versions::search))
        .route("/mlflow/model-versions/set-tag", post(model_versions::set_tag))
        .route("/mlflow/model-versions/delete-tag", delete(model_versions::delete_tag))
        .route("/mlflow/webhooks", get(webhooks::list).post(webhooks::create))
        .route(
            "/mlflow/webhooks/{webhook_id}",
            get(webhooks::get).patch(webhooks::update).delete(webhooks::delete),
        )
        .route("/mlflow/webhooks/{webhook_id}/test", post(webhooks::test))
}

/// What MLflow has none like.
fn ours() -> Router<Registry> {
    Router::new()
        .route("/promotions", get(promotions::list).post(promotions::request))
        .route("/promotions/rollback", post(promotions::roll_back))
        .route("/promotions/{promotion_id}", get(promotions::get))
        .route("/promotions/{promotion_id}/approve", post(promotions::approve))
        .route("/promotions/{promotion_id}/reject", post(promotions::reject))
        .route("/promotions/{promotion_id}/cancel", post(promotions::cancel))
        .route("/promotion-history", get(promotions::history))
        .route(
            "/promotion-policies",
            get(promotion_policies::list).post(promotion_policies::apply).delete(promotion_policies::delete),
        )
        .route("/event-subscriptions", get(event_subscriptions::list).post(event_subscriptions::create))
        .route(
            "/event-subscriptions/{subscription_id}",
            get(event_subscriptions::get)
                .patch(event_subscriptions::update)
                .delete(event_subscriptions::delete),
        )
        .route("/event-subscriptions/{subscription_id}/test", post(event_subscriptions::test))
}
