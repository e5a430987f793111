//! The paths of the protocol, with a model that answers what it is asked and one that is still being loaded.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::CONNECTION;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use forebay_core::clock::SystemClock;
use forebay_core::ids::RandomIds;
use forebay_web::limits::Limits as BodyLimits;
use forebay_web::stack::{StaticPrefix, WebConfig, with_layers};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::model::signature::{Inputs, Signature, TensorField};
use crate::served::model::{ServedModel, Setting};
use crate::sources::registry::Identity;
use crate::{
    Batch, Cancellation, DType, Engine, EngineError, Lanes, Limits, Loaded, Models, Params, Predictions,
    Server, ServingMetrics, Sharing,
};

struct Echo;

impl Engine for Echo {
    fn score(&mut self, batch: &Batch, _: &Params, _: &Cancellation) -> Result<Predictions, EngineError> {
        match batch {
            Batch::Tensors(tensors) => Ok(Predictions::Arrays(tensors.clone())),
            Batch::Columns(_) => Err(EngineError::Failed("columns".to_owned())),
        }
    }
}

fn echo(models: &Models) -> ServedModel {
    let tensor = TensorField { name: None, dtype: DType::Fp32, shape: vec![None] };
    let signature = Signature { inputs: Inputs::Tensors(vec![tensor]), ..Signature::untold() };
    let loaded = Loaded {
        platform: "echo",
        device: "cpu".to_owned(),
        inputs: None,
        outputs: None,
        sharing: Sharing::Alone,
        open: Box::new(|_| Ok(Box::new(Echo))),
        lanes: Lanes { n_lanes: 1, n_threads: 1 },
    };
    let setting = Setting {
        limits: Limits { batch_rows: 4, waiting_rows: 6, waiting_bytes: 1 << 20 },
        metrics: ServingMetrics::register(&mut Registry::default(), models),
        clock: Arc::new(SystemClock),
    };
    let identity = Identity { version: Some(1), ..Identity::default() };
    ServedModel::start("echo".to_owned(), identity, &signature, loaded, &setting).unwrap()
}

async fn ask(method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let response = answer(method, path, body).await;
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn answer(method: &str, path: &str, body: &Value) -> Response {
    let models = Models::expect(["echo".to_owned(), "late".to_owned()]);
    models.put(echo(&models));
    let server = Server { models, patience: Duration::from_mins(1), body_bytes: 500 };
    let config = WebConfig {
        ids: Arc::new(RandomIds),
        limits: BodyLimits { json_bytes: 500, json_bytes_in_flight: 5000 },
        timeout: Duration::from_mins(1),
        static_prefix: StaticPrefix::default(),
        security: None,
        metrics: None,
    };
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path).body(body).unwrap();
    with_layers(server.routes(), config).oneshot(request).await.unwrap()
}

async fn get(path: &str) -> (StatusCode, Value) {
    ask("GET", path, &Value::Null).await
}

async fn infer(path: &str, parameters: &Value) -> (StatusCode, Value) {
    let input = json!({"name": "input", "shape": [1], "datatype": "FP32", "data": [1]});
    ask("POST", path, &json!({"parameters": parameters, "inputs": [input]})).await
}

#[tokio::test]
async fn health_and_readiness_are_apart() {
    assert_eq!(get("/v2/health/live").await, (StatusCode::OK, json!({"live": true})));
    assert_eq!(get("/v2/health/ready").await, (StatusCode::SERVICE_UNAVAILABLE, json!({"ready": false})));
    let ready = json!({"name": "echo", "ready": true});
    assert_eq!(get("/v2/models/echo/ready").await, (StatusCode::OK, ready));
    assert_eq!(get("/v2/models/echo/versions/1/ready").await.0, StatusCode::OK);
    let not_ready = json!({"name": "late", "ready": false});
    assert_eq!(get("/v2/models/late/ready").await, (StatusCode::SERVICE_UNAVAILABLE, not_ready));
    assert_eq!(get("/v2/models/nobody/ready").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn models_are_described() {
    assert_eq!(get("/v2").await.1["name"], "forebay");
    let metadata = get("/v2/models/echo").await.1;
    assert_eq!(metadata["versions"], json!(["1"]));
    assert_eq!(metadata["inputs"], json!([{"name": "input", "datatype": "FP32", "shape": [-1]}]));
    assert_eq!(get("/v2/models/echo/config").await.1["name"], "echo");
    assert_eq!(get("/v2/models/stats").await.1["model_stats"][0]["name"], "echo");
    assert_eq!(get("/v2/models/echo/versions/1/stats").await.1["model_stats"][0]["version"], "1");
    let (status, body) = get("/v2/models/late").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body, json!({"error": "model 'late' is not ready: it is being loaded"}));
}

#[tokio::test]
async fn the_repository_is_listed_but_fixed() {
    let all = ask("POST", "/v2/repository/index", &Value::Null).await.1;
    assert_eq!(all[1], json!({"name": "late", "version": "", "state": "LOADING", "reason": ""}));
    let ready = ask("POST", "/v2/repository/index", &json!({"ready": true})).await.1;
    assert_eq!(ready, json!([{"name": "echo", "version": "1", "state": "READY", "reason": ""}]));
    let (status, body) = ask("POST", "/v2/repository/models/echo/load", &json!({})).await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(body["error"].as_str().is_some_and(|error| error.contains("fixed")));
}

#[tokio::test]
async fn an_inference_is_answered_with_the_models_version() {
    let (status, body) = infer("/v2/models/echo/infer", &json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&body["model_name"], &body["model_version"]), (&json!("echo"), &json!("1")));
    assert_eq!(body["outputs"][0]["data"], json!([1.0]));
    assert_eq!(infer("/v2/models/echo/versions/1/infer", &json!({})).await.0, StatusCode::OK);
}

#[tokio::test]
async fn errors_have_a_status_and_a_sentence() {
    let (status, body) = infer("/v2/models/echo/versions/2/infer", &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body, json!({"error": "model 'echo' version '2' is not found"}));
    assert_eq!(infer("/v2/models/late/infer", &json!({})).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let (status, body) = infer("/v2/models/echo/infer", &json!({"k": "x".repeat(1000)})).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(body, json!({"error": "The request body is longer than 500 bytes."}));
    assert_eq!(ask("POST", "/v2/models/echo/infer", &json!([])).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(get("/v2/models/%ff/ready").await.0, StatusCode::BAD_REQUEST);
    let (status, body) = get("/v2/nothing").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body, json!({"error": "there is nothing at /v2/nothing, or not for this method"}));
}

#[tokio::test]
async fn a_refusal_before_the_body_is_read_says_that_the_connection_ends() {
    for path in ["/endpoints/nobody/invocations", "/v2/nothing", "/v2/repository/models/echo/load"] {
        let response = answer("POST", path, &json!({"k": 1})).await;
        assert_eq!(response.headers()[CONNECTION], "close", "{path}");
    }
    let read = answer("POST", "/v2/models/echo/infer", &json!({})).await;
    assert_eq!((read.status(), read.headers().get(CONNECTION)), (StatusCode::BAD_REQUEST, None));
}
