//! All paths of the protocol over REST, and of its extensions.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};

use super::super::Limits;
use super::super::backend::Backend;
use super::handlers::{self as to, Server};

/// The router of the protocol.
pub(crate) fn routes(backend: Arc<dyn Backend>, limits: Limits) -> Router {
    Router::new()
        .route("/v2", get(to::server_metadata))
        .route("/v2/", get(to::server_metadata))
        .route("/v2/health/live", get(to::server_live))
        .route("/v2/health/ready", get(to::server_ready))
        .route("/v2/models/stats", get(to::statistics))
        .route("/v2/models/{model}", get(to::model_metadata))
        .route("/v2/models/{model}/ready", get(to::model_ready))
        .route("/v2/models/{model}/config", get(to::model_config))
        .route("/v2/models/{model}/stats", get(to::model_statistics))
        .route("/v2/models/{model}/infer", post(to::infer))
        .route("/v2/models/{model}/versions/{version}", get(to::model_metadata))
        .route("/v2/models/{model}/versions/{version}/ready", get(to::model_ready))
        .route("/v2/models/{model}/versions/{version}/config", get(to::model_config))
        .route("/v2/models/{model}/versions/{version}/stats", get(to::model_statistics))
        .route("/v2/models/{model}/versions/{version}/infer", post(to::infer))
        .route("/v2/repository/index", post(to::index).get(to::index))
        .route("/v2/repository/models/{model}/load", post(to::load))
        .route("/v2/repository/models/{model}/unload", post(to::unload))
        .route("/v2/{*path}", any(to::unknown))
        .layer(DefaultBodyLimit::max(limits.max_body_bytes))
        .with_state(Server { backend, limits })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::super::super::backend::samples::{field, of_tensors};
    use super::super::super::backend::{
        InferError, ModelInfo, ModelState, ModelStatistics, RepositoryError, Wanted,
    };
    use super::*;
    use crate::{Batch, DType, Params, Predictions};

    /// Two models: `echo` answers what it is asked, `late` is not ready.
    struct Fake;

    fn model(name: &str, version: Option<&str>, state: ModelState) -> ModelInfo {
        let interface = of_tensors(vec![field("", DType::Fp32, &[-1])]);
        ModelInfo {
            name: name.into(),
            version: version.map(Into::into),
            state,
            interface: Arc::new(interface),
            served: None,
        }
    }

    impl Backend for Fake {
        fn is_ready(&self) -> bool {
            false
        }

        fn models(&self) -> Vec<ModelInfo> {
            vec![model("echo", Some("1"), ModelState::Ready), model("late", None, ModelState::Loading)]
        }

        fn find(&self, name: &str, version: Option<&str>) -> Option<ModelInfo> {
            let fits =
                |model: &ModelInfo| version.is_none_or(|version| model.version.as_deref() == Some(version));
            self.models().into_iter().find(|model| *model.name == *name && fits(model))
        }

        fn infer<'a>(
            &'a self,
            _model: &'a ModelInfo,
            batch: Batch,
            params: Params,
            timeout: Option<Duration>,
        ) -> BoxFuture<'a, Result<Predictions, InferError>> {
            let answer = match batch {
                _ if timeout.is_some() => Err(InferError::Deadline),
                _ if !params.is_empty() => Err(InferError::Busy { retry_after: Duration::from_secs(2) }),
                Batch::Tensors(tensors) => Ok(Predictions::Arrays(tensors)),
                Batch::Columns(_) => Err(InferError::Failed("columns".to_owned())),
            };
            async move { answer }.boxed()
        }

        fn statistics(&self, name: Option<&str>, _version: Option<&str>) -> Vec<ModelStatistics> {
            vec![ModelStatistics { name: name.unwrap_or("all").to_owned(), ..ModelStatistics::default() }]
        }

        fn set_loaded<'a>(&'a self, _name: &'a str, _: Wanted) -> BoxFuture<'a, Result<(), RepositoryError>> {
            async { Err(RepositoryError::NotSupported) }.boxed()
        }
    }

    fn ask(method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(path).body(body).unwrap();
        let answer = async {
            let router = routes(Arc::new(Fake), Limits { max_body_bytes: 500 });
            let response = router.oneshot(request).await.unwrap();
            let status = response.status();
            (status, to_bytes(response.into_body(), usize::MAX).await.unwrap())
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (status, body) = runtime.block_on(answer);
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn get(path: &str) -> (StatusCode, Value) {
        ask("GET", path, &Value::Null)
    }

    fn infer(path: &str, parameters: &Value) -> (StatusCode, Value) {
        let input = json!({"name": "input", "shape": [1], "datatype": "FP32", "data": [1]});
        ask("POST", path, &json!({"parameters": parameters, "inputs": [input]}))
    }

    #[test]
    fn health_and_readiness_are_apart() {
        assert_eq!(get("/v2/health/live"), (StatusCode::OK, json!({"live": true})));
        assert_eq!(get("/v2/health/ready"), (StatusCode::SERVICE_UNAVAILABLE, json!({"ready": false})));
        assert_eq!(get("/v2/models/echo/ready"), (StatusCode::OK, json!({"name": "echo", "ready": true})));
        assert_eq!(get("/v2/models/echo/versions/1/ready").0, StatusCode::OK);
        assert_eq!(get("/v2/models/late/ready").0, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn models_are_described() {
        assert_eq!(get("/v2").1["name"], "forebay");
        let metadata = get("/v2/models/echo").1;
        assert_eq!(metadata["versions"], json!(["1"]));
        assert_eq!(metadata["inputs"], json!([{"name": "input", "datatype": "FP32", "shape": [-1]}]));
        assert_eq!(get("/v2/models/echo/config").1["max_batch_size"], 1000);
        assert_eq!(get("/v2/models/stats").1["model_stats"][0]["name"], "all");
        assert_eq!(get("/v2/models/echo/versions/1/stats").1["model_stats"][0]["name"], "echo");
    }

    #[test]
    fn the_repository_is_listed_but_fixed() {
        let all = ask("POST", "/v2/repository/index", &Value::Null).1;
        assert_eq!(all[1], json!({"name": "late", "version": "", "state": "LOADING", "reason": ""}));
        let ready = ask("POST", "/v2/repository/index", &json!({"ready": true})).1;
        assert_eq!(ready.as_array().map(Vec::len), Some(1));
        let (status, body) = ask("POST", "/v2/repository/models/echo/load", &json!({}));
        assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
        assert!(body["error"].as_str().is_some_and(|error| error.contains("fixed")));
    }

    #[test]
    fn an_inference_is_answered_with_the_models_version() {
        let (status, body) = infer("/v2/models/echo/infer", &json!({}));
        assert_eq!(status, StatusCode::OK);
        assert_eq!((&body["model_name"], &body["model_version"]), (&json!("echo"), &json!("1")));
        assert_eq!(infer("/v2/models/echo/versions/1/infer", &json!({})).0, StatusCode::OK);
    }

    #[test]
    fn errors_have_a_status_and_a_text() {
        let (status, body) = infer("/v2/models/echo/versions/2/infer", &json!({}));
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(body, json!({"error": "model 'echo' version '2' is not found"}));
        assert_eq!(infer("/v2/models/late/infer", &json!({})).0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(infer("/v2/models/echo/infer", &json!({"timeout": 1})).0, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(infer("/v2/models/echo/infer", &json!({"k": 1})).0, StatusCode::TOO_MANY_REQUESTS);
        let long = json!({"k": "x".repeat(1000)});
        let (status, body) = infer("/v2/models/echo/infer", &long);
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(body, json!({"error": "the body is longer than 500 bytes"}));
        assert_eq!(ask("POST", "/v2/models/echo/infer", &json!([])).0, StatusCode::BAD_REQUEST);
        assert_eq!(get("/v2/models/%ff/ready").0, StatusCode::BAD_REQUEST);
    }
}
