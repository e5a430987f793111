//! Models out of a registry behind HTTP, which is a server of this test: it answers as MLflow's does, and breaks off.
#![expect(clippy::unwrap_used, reason = "a server that cannot answer fails its test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use forebay_client::Client;
use forebay_serving::{
    Cache, Fallback, ModelSource as _, ModelUri, Origins, SourceError, TrackingServer, fetch,
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

const MLMODEL: &str = "flavors:\n  onnx:\n    data: model.onnx\nmodel_id: m-7\nrun_id: r1\n";
const ETAG: &str = "\"state-1\"";

/// What the server does and saw.
struct Fake {
    /// For which version the alias stands.
    alias: AtomicUsize,
    weights: Vec<u8>,
    /// How often a download still breaks off after half of what was asked for.
    n_breaks: AtomicUsize,
    /// The range of each request for the weights.
    ranges: Mutex<Vec<Option<String>>>,
}

type Shared = Arc<Fake>;

fn version(number: usize) -> Value {
    json!({"model_version": {"name": "eu.fraud", "version": number.to_string(), "run_id": "r1", "source": "models:/m-7"}})
}

fn answer(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

async fn alias(State(fake): State<Shared>) -> Response {
    answer(&version(fake.alias.load(Ordering::SeqCst)))
}

async fn get_version(Query(asked): Query<Vec<(String, String)>>) -> Response {
    match asked.iter().find(|(key, _)| key == "version") {
        Some((_, number)) if number == "1" || number == "2" => answer(&version(number.parse().unwrap())),
        _ => {
            let body = json!({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Model Version not found"});
            (StatusCode::NOT_FOUND, body.to_string()).into_response()
        }
    }
}

async fn latest(body: String) -> Response {
    let versions: Vec<Value> = [1, 12, 2].map(|number| version(number)["model_version"].clone()).into();
    let is_archived = body.contains("Archived");
    answer(&if is_archived { json!({}) } else { json!({ "model_versions": versions }) })
}

async fn list(Query(asked): Query<Vec<(String, String)>>, State(fake): State<Shared>) -> Response {
    let folder = &asked.iter().find(|(key, _)| key == "path").unwrap().1;
    answer(&if folder.ends_with("/data") {
        json!({"files": [{"path": "weights.bin", "is_dir": false, "file_size": fake.weights.len()}]})
    } else {
        json!({"files": [
            {"path": "MLmodel", "is_dir": false, "file_size": MLMODEL.len()},
            {"path": "data", "is_dir": true},
        ]})
    })
}

async fn file(Path(path): Path<String>, State(fake): State<Shared>, headers: HeaderMap) -> Response {
    if path.ends_with("MLmodel") {
        return MLMODEL.into_response();
    }
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let range = text(header::RANGE);
    fake.ranges.lock().unwrap().push(range.clone());
    let start = range.filter(|_| text(header::IF_RANGE).as_deref() == Some(ETAG));
    let start: usize = start.map_or(0, |range| range[6..range.len() - 1].parse().unwrap());
    let (rest, total) = (&fake.weights[start..], fake.weights.len());
    let breaks = fake.n_breaks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
    let sent = if breaks { &rest[..rest.len() / 2] } else { rest };
    let mut chunks: Vec<std::io::Result<Bytes>> = vec![Ok(Bytes::copy_from_slice(sent))];
    if breaks {
        chunks.push(Err(std::io::Error::other("broken")));
    }
    let status = if start > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    Response::builder()
        .status(status)
        .header(header::ETAG, ETAG)
        .header(header::CONTENT_RANGE, format!("bytes {start}-{}/{total}", total - 1))
        .body(Body::from_stream(stream::iter(chunks).then(in_its_time)))
        .unwrap()
}

/// What was sent before an error is on its way by then.
async fn in_its_time(chunk: std::io::Result<Bytes>) -> std::io::Result<Bytes> {
    if chunk.is_err() {
        let never = std::future::pending::<()>();
        let _ = tokio::time::timeout(std::time::Duration::from_millis(100), never).await;
    }
    chunk
}

async fn start(n_breaks: usize) -> (TrackingServer, Shared) {
    let fake = Arc::new(Fake {
        alias: AtomicUsize::new(1),
        weights: (0..=255).cycle().take(1 << 20).collect(),
        n_breaks: AtomicUsize::new(n_breaks),
        ranges: Mutex::default(),
    });
    let router = Router::new()
        .route("/api/2.0/mlflow/registered-models/alias", get(alias))
        .route("/api/2.0/mlflow/registered-models/get-latest-versions", post(latest))
        .route("/api/2.0/mlflow/model-versions/get", get(get_version))
        .route(
            "/api/2.0/mlflow/model-versions/get-download-uri",
            get(async || answer(&json!({"artifact_uri": "mlflow-artifacts:/0/models/m-7/artifacts"}))),
        )
        .route("/api/2.0/mlflow-artifacts/artifacts", get(list))
        .route("/api/2.0/mlflow-artifacts/artifacts/{*path}", get(file))
        .with_state(Arc::clone(&fake));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let place = format!("http://{address}");
    (TrackingServer::new(Client::new(&place).unwrap(), place), fake)
}

fn uri(text: &str) -> ModelUri {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_model_comes_from_a_registry_although_its_server_breaks_off() {
    let place = tempfile::tempdir().unwrap();
    let (server, fake) = start(2).await;
    let (cache, origins) =
        (Cache::at(place.path().to_owned()), Origins { registry: Some(&server), buckets: None });
    let live = uri("models:/eu.fraud@live");
    let fetched = on_any_thread(fetch(&live, origins, &cache, Fallback::Pinned, &|_| {})).await.unwrap();
    let identity = &fetched.identity;
    assert_eq!((identity.name.as_deref(), identity.version), (Some("eu.fraud"), Some(1)));
    assert_eq!((identity.alias.as_deref(), identity.uri.as_str()), (Some("live"), "models:/eu.fraud@live"));
    assert_eq!((identity.model_id.as_deref(), identity.run_id.as_deref()), (Some("m-7"), Some("r1")));
    assert_eq!(fetched.folder.mlmodel.flavors.len(), 1);
    assert_eq!(std::fs::read(fetched.folder.path.join("data/weights.bin")).unwrap(), fake.weights);
    let ranges = std::mem::take(&mut *fake.ranges.lock().unwrap());
    assert_eq!(ranges[0], None);
    assert!(ranges.len() == 3 && ranges[1..].iter().all(Option::is_some), "{ranges:?}");

    let again = fetch(&uri("models:/eu.fraud/1"), origins, &cache, Fallback::Pinned, &|_| {}).await.unwrap();
    assert_eq!((again.folder.path, again.identity.alias), (fetched.folder.path, None));
    assert!(fake.ranges.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_an_alias_stands_for_is_asked_again_each_time() {
    let (server, fake) = start(0).await;
    let origins = Origins { registry: Some(&server), buckets: None };
    let live = uri("models:/eu.fraud@live");
    assert_eq!(origins.resolve(&live).await.unwrap().version, Some(1));
    fake.alias.store(2, Ordering::SeqCst);
    assert_eq!(origins.resolve(&live).await.unwrap().version, Some(2));
}

#[tokio::test]
async fn a_stage_stands_for_its_highest_version() {
    let (server, _) = start(0).await;
    let origins = Origins { registry: Some(&server), buckets: None };
    for text in ["models:/eu.fraud/Production", "models:/eu.fraud/latest"] {
        assert_eq!(origins.resolve(&uri(text)).await.unwrap().version, Some(12), "{text}");
    }
    let none = origins.resolve(&uri("models:/eu.fraud/Archived")).await.unwrap_err().to_string();
    assert_eq!(none, "models:/eu.fraud/Archived: there is no such version");
}

#[tokio::test]
async fn what_cannot_be_had_is_told_with_its_uri() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::at(place.path().to_owned());
    let (server, _) = start(0).await;
    let origins = Origins { registry: Some(&server), buckets: None };
    let told = async |text: &str, origins| {
        fetch(&uri(text), origins, &cache, Fallback::Pinned, &|_| {}).await.unwrap_err().to_string()
    };
    let missing = told("models:/eu.fraud/3", origins).await;
    assert!(missing.starts_with("models:/eu.fraud/3: RESOURCE_DOES_NOT_EXIST"), "{missing}");
    assert!(told("models:/eu.fraud/1", Origins::default()).await.contains("--tracking-uri"));
    assert!(told("s3://bucket/a", origins).await.contains("no object stores"));
    assert!(told("/nowhere/at/all", origins).await.contains("/nowhere/at/all"));
    let unreached = unreached().await;
    assert!(matches!(unreached, SourceError::Registry { .. }) && unreached.is_passing(), "{unreached}");
}

#[tokio::test]
async fn while_the_registry_is_away_the_cache_knows_what_its_uris_stood_for() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::at(place.path().to_owned());
    let (server, _) = start(0).await;
    let (live, first) = (uri("models:/eu.fraud@live"), uri("models:/eu.fraud/1"));
    let there = Origins { registry: Some(&server), buckets: None };
    let fetched = fetch(&live, there, &cache, Fallback::LastKnown, &|_| {}).await.unwrap();

    let (same, other) = (away(server.place()), away("http://elsewhere"));
    let gone = Origins { registry: Some(&same), buckets: None };
    let pinned = fetch(&first, gone, &cache, Fallback::Pinned, &|_| {}).await.unwrap();
    assert_eq!(pinned.folder.path, fetched.folder.path);
    assert_eq!((pinned.identity.version, pinned.identity.alias), (Some(1), None));
    assert_eq!(pinned.identity.uri, "models:/eu.fraud/1");
    let last = fetch(&live, gone, &cache, Fallback::LastKnown, &|_| {}).await.unwrap();
    assert_eq!((last.folder.path, last.identity), (fetched.folder.path.clone(), fetched.identity));

    let refused = async |uri: &ModelUri, registry, fallback| {
        let origins = Origins { registry: Some(registry), buckets: None };
        fetch(uri, origins, &cache, fallback, &|_| {}).await.unwrap_err().is_passing()
    };
    assert!(refused(&live, &same, Fallback::Pinned).await);
    assert!(refused(&uri("models:/eu.fraud/2"), &same, Fallback::LastKnown).await);
    assert!(refused(&first, &other, Fallback::LastKnown).await);
    std::fs::write(fetched.folder.path.join("data/weights.bin"), "damaged").unwrap();
    assert!(refused(&first, &same, Fallback::LastKnown).await);
}

/// A server that is away, and a client without patience, which is minutes otherwise.
fn away(place: &str) -> TrackingServer {
    let retry = forebay_client::RetryPolicy { max_retries: 0, ..forebay_client::RetryPolicy::default() };
    let options = forebay_client::Options { retry, ..forebay_client::Options::default() };
    TrackingServer::new(Client::with_options("http://127.0.0.1:1", options).unwrap(), place.to_owned())
}

async fn unreached() -> SourceError {
    let server = away("http://127.0.0.1:1");
    let origins = Origins { registry: Some(&server), buckets: None };
    origins.resolve(&uri("models:/eu.fraud/1")).await.unwrap_err()
}

/// A future that a task may own.
fn on_any_thread<T: Send>(future: T) -> T {
    future
}
