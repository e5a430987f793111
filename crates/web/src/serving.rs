//! The endpoints that the operator switched off, by `--no-serve-artifacts` or `--artifacts-only`.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use crate::response::Compact;

/// Which parts of the API the server offers; the rest answers 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// Everything, and the proxy to the artifacts destination.
    All,
    /// No proxy: clients reach the artifacts themselves (`--no-serve-artifacts`).
    TrackingOnly,
    /// The proxy alone (`--artifacts-only`).
    ArtifactsOnly,
}

/// What says who the server is, in every mode.
const ALWAYS: [&str; 3] = ["/health", "/version", "/mlflow/server-info"];

const PROXY: &str = "/mlflow-artifacts/";

/// A layer of the routes: answers 503 where the endpoint is switched off.
pub async fn check(
    State(serving): State<Serving>,
    route: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let route = route.as_str();
    let is_proxy = route.contains(PROXY);
    let is_off = match serving {
        Serving::All => false,
        Serving::TrackingOnly => is_proxy,
        Serving::ArtifactsOnly => !is_proxy && !ALWAYS.iter().any(|path| route.ends_with(path)),
    };
    if !is_off {
        return next.run(request).await;
    }
    let refusal = refusal(serving, route, request.method());
    discard(request.into_body()).await;
    refusal
}

/// Reads what a caller sends along, for a while: one that still writes when the connection is closed may lose the answer.
async fn discard(body: Body) {
    const MAX_BYTES: usize = 1 << 20;
    const PATIENCE: Duration = Duration::from_secs(1);
    let _unused = tokio::time::timeout(PATIENCE, to_bytes(body, MAX_BYTES)).await;
}

fn refusal(serving: Serving, route: &str, method: &Method) -> Response {
    let is_file =
        route.contains("/mlflow-artifacts/artifacts/") && matches!(*method, Method::GET | Method::PUT);
    if is_file {
        let detail = "Artifact serving is disabled. Run `mlflow server` with `--serve-artifacts` to enable.";
        return (StatusCode::SERVICE_UNAVAILABLE, Compact(json!({ "detail": detail }))).into_response();
    }
    let why = match serving {
        Serving::ArtifactsOnly => {
            "in `--artifacts-only` mode. To enable tracking server functionality, run `mlflow server` without \
             `--artifacts-only`"
        }
        Serving::TrackingOnly | Serving::All => {
            "with `--no-serve-artifacts`. To enable artifacts server functionality, run `mlflow server` with \
             `--serve-artifacts`"
        }
    };
    let text = format!("Endpoint: {} disabled due to the mlflow server running {why}", flask_rule(route));
    (StatusCode::SERVICE_UNAVAILABLE, Html(text)).into_response()
}

/// A route as MLflow's own framework writes it: `<id>` for `{id}` and `<path:rest>` for `{*rest}`.
fn flask_rule(route: &str) -> String {
    route.replace("{*", "<path:").replace('{', "<").replace('}', ">")
}

#[cfg(test)]
mod tests {
    use super::flask_rule;

    #[test]
    fn routes_are_named_as_mlflow_names_them() {
        for (route, rule) in [
            ("/api/2.0/a/{model_id}/tags/{tag_key}", "/api/2.0/a/<model_id>/tags/<tag_key>"),
            ("/api/2.0/a/{*artifact_path}", "/api/2.0/a/<path:artifact_path>"),
        ] {
            assert_eq!(flask_rule(route), rule);
        }
    }
}
