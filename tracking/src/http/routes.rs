//! Every endpoint of this crate, and nothing else. tidy: table

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, patch, post};

use super::graphql::{self, Graphql};
use super::{absent, artifact_proxy, artifacts, datasets, experiments, logged_models, metrics, runs, server};
use crate::{ModelVersions, Tracking};

/// All routes, at the paths that MLflow gives them.
pub fn routes(tracking: Tracking, model_versions: Arc<dyn ModelVersions>) -> Router {
    Router::new()
        .nest("/api/2.0", api_2_0())
        .nest("/ajax-api/2.0", api_2_0().merge(ajax_2_0()))
        .nest("/api/3.0", api_3_0())
        .nest("/ajax-api/3.0", api_3_0().merge(ajax_3_0()))
        .merge(root())
        .merge(root_graphql().with_state(Graphql::new(tracking.clone(), model_versions)))
        .with_state(tracking)
}

/// Under `/api/2.0` for clients and `/ajax-api/2.0` for the web UI.
fn api_2_0() -> Router<Tracking> {
    Router::new()
        .route("/mlflow/experiments/create", post(experiments::create))
        .route("/mlflow/experiments/get", get(experiments::get))
        .route("/mlflow/experiments/get-by-name", get(experiments::get_by_name))
        .route("/mlflow/experiments/search", get(experiments::search).post(experiments::search))
        .route("/mlflow/experiments/update", post(experiments::update))
        .route("/mlflow/experiments/delete", post(experiments::delete))
        .route("/mlflow/experiments/restore", post(experiments::restore))
        .route("/mlflow/experiments/set-experiment-tag", post(experiments::set_tag))
        .route("/mlflow/experiments/delete-experiment-tag", post(experiments::delete_tag))
        .route("/mlflow/runs/create", post(runs::create))
        .route("/mlflow/runs/get", get(runs::get))
        .route("/mlflow/runs/search", post(runs::search))
        .route("/mlflow/runs/update", post(runs::update))
        .route("/mlflow/runs/delete", post(runs::delete))
        .route("/mlflow/runs/restore", post(runs::restore))
        .route("/mlflow/runs/log-metric", post(runs::log_metric))
        .route("/mlflow/runs/log-parameter", post(runs::log_param))
        .route("/mlflow/runs/log-batch", post(runs::log_batch))
        .route("/mlflow/runs/set-tag", post(runs::set_tag))
        .route("/mlflow/runs/delete-tag", post(runs::delete_tag))
        .route("/mlflow/runs/log-inputs", post(datasets::log_inputs))
        .route("/mlflow/runs/outputs", post(datasets::log_outputs))
        .route("/mlflow/runs/log-model", post(logged_models::log_model))
        .route("/mlflow/metrics/get-history", get(metrics::get_history))
        .route("/mlflow/metrics/get-history-bulk-interval", get(metrics::get_history_bulk_interval))
        .route("/mlflow/logged-models", post(logged_models::create))
        .route("/mlflow/logged-models/search", post(logged_models::search))
        .route(
            "/mlflow/logged-models/{model_id}",
            get(logged_models::get).patch(logged_models::finalize).delete(logged_models::delete),
        )
        .route("/mlflow/logged-models/{model_id}/params", post(logged_models::log_params))
        .route("/mlflow/logged-models/{model_id}/tags", patch(logged_models::set_tags))
        .route("/mlflow/logged-models/{model_id}/tags/{tag_key}", delete(logged_models::delete_tag))
        .route("/mlflow/logged-models/{model_id}/artifacts/directories", get(logged_models::list_artifacts))
        .route("/mlflow/artifacts/list", get(artifacts::list))
        .route("/mlflow/artifacts/presigned-upload-url", post(artifacts::presigned_upload_url))
        .route("/mlflow/artifacts/presigned-download-url", post(artifacts::presigned_download_url))
        .route("/mlflow-artifacts/artifacts", get(artifact_proxy::list))
        .route("/mlflow-artifacts/artifacts/", get(artifact_proxy::get).put(artifact_proxy::put))
        .route(
            "/mlflow-artifacts/artifacts/{*artifact_path}",
            get(artifact_proxy::get).put(artifact_proxy::put).delete(artifact_proxy::delete),
        )
        .route("/mlflow-artifacts/mpu/create/{*artifact_path}", post(artifact_proxy::create_multipart))
        .route("/mlflow-artifacts/mpu/complete/{*artifact_path}", post(artifact_proxy::complete_multipart))
        .route("/mlflow-artifacts/mpu/abort/{*artifact_path}", post(artifact_proxy::abort_multipart))
        .route("/mlflow-artifacts/presigned/{*artifact_path}", get(artifact_proxy::presigned))
        .route("/mlflow/traces", get(absent::none))
}

/// Under `/ajax-api/2.0` alone.
fn ajax_2_0() -> Router<Tracking> {
    Router::new()
        .route("/mlflow/metrics/get-history-bulk", get(metrics::get_history_bulk))
        .route("/mlflow/experiments/search-datasets", post(datasets::search))
        .route("/mlflow/logged-models/{model_id}/artifacts/files", get(logged_models::get_artifact))
        .route("/mlflow/upload-artifact", post(artifacts::upload))
        .route("/mlflow/users/current", get(absent::current_user))
        .route("/mlflow/gateway-proxy", get(absent::gateway_endpoints))
}

/// Under `/api/3.0` for clients and `/ajax-api/3.0` for the web UI.
fn api_3_0() -> Router<Tracking> {
    Router::new()
        .route("/mlflow/server-info", get(server::info))
        .route("/mlflow/traces/search", post(absent::none))
        .route("/mlflow/traces/metrics", post(absent::none))
        .route("/mlflow/scorers/list", get(absent::none))
        .route("/mlflow/datasets/search", get(absent::none).post(absent::none))
}

/// Under `/ajax-api/3.0` alone.
fn ajax_3_0() -> Router<Tracking> {
    Router::new()
        .route("/mlflow/ui-telemetry", get(server::ui_telemetry).post(server::decline_telemetry))
        .route("/mlflow/assistant/config", get(absent::assistant_config))
        .route("/mlflow/assistant/providers", get(absent::assistant_providers))
}

/// At the root.
fn root() -> Router<Tracking> {
    Router::new()
        .route("/health", get(server::health))
        .route("/version", get(server::version))
        .route("/api/2.0mlflow/experiments/search-datasets", post(datasets::nothing_here))
        .route("/ajax-api/2.0mlflow/experiments/search-datasets", post(datasets::nothing_here))
        .route("/get-artifact", get(artifacts::get))
}

/// At the root, too.
fn root_graphql() -> Router<Graphql> {
    Router::new().route("/graphql", get(graphql::answer).post(graphql::answer))
}
