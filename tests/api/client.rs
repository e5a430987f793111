//! The Rust client against the server: all of a training loop, and what the client does when things go wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use forebay_client::{
    Batch, Client, Credentials, Error, MetricPoint, NewModel, Options, RetryPolicy, Timeouts,
};
use forebay_db::{Db, for_each_db};
use forebay_wire::enumeration::{LoggedModelStatus, RunStatus};
use forebay_wire::logged_models::CreateLoggedModel;
use forebay_wire::model_versions::CreateModelVersion;
use forebay_wire::registered_models::{CreateRegisteredModel, SearchRegisteredModels};
use forebay_wire::runs::{CreateRun, SearchRuns};
use tokio::net::TcpListener;

use crate::server::{NOW_MS, TestServer};

fn point(key: &str, step: i64, value: f64) -> MetricPoint<'_> {
    MetricPoint { key, value, timestamp_ms: NOW_MS + step, step }
}

async fn a_training_loop_is_logged_and_read_back(db: Db) {
    let server = TestServer::start(db).await;
    let client = Client::new(&server.url("/")).unwrap();
    assert!(client.find_experiment("flights").await.unwrap().is_none());
    let experiment_id = client.create_experiment("flights").await.unwrap();
    assert_eq!(client.find_or_create_experiment("flights").await.unwrap(), experiment_id);
    let created = CreateRun { experiment_id: Some(experiment_id.clone()), ..CreateRun::default() };
    let run = client.create_run(&created).await.unwrap();

    let mut batch = Batch::default().tag("t", "x");
    for n in 0..150 {
        batch = batch.param(&format!("p{n}"), "1");
    }
    for step in 0..1_500 {
        batch = batch.metric(point("loss", step, 1.0));
    }
    client.log_batch(&run.run_id, batch).await.unwrap();
    client.log_metric(&run.run_id, point("loss", 1_500, f64::NAN)).await.unwrap();
    client.log_param(&run.run_id, "late", "1").await.unwrap();
    client.set_tag(&run.run_id, "t", "y").await.unwrap();
    let info = client.finish_run(&run.run_id, RunStatus::Finished, NOW_MS).await.unwrap();
    assert_eq!((info.status, info.run_name), (Some(RunStatus::Finished), Some(run.run_name)));

    let data = client.get_run(&run.run_id).await.unwrap().data.unwrap();
    assert_eq!((data.params.len(), data.tags.len()), (151, 2));
    assert!(data.metrics[0].value.unwrap().0.is_nan());
    assert_eq!(client.list_metric_history(&run.run_id, "loss").await.unwrap().len(), 1_501);
    drop(client);
    server.stop().await;
}

async fn artifacts_go_up_and_come_down(db: Db) {
    let server = TestServer::start(db).await;
    let client = Client::new(&server.url("/")).unwrap();
    let run = client
        .create_run(&CreateRun { experiment_id: Some("0".into()), ..CreateRun::default() })
        .await
        .unwrap();
    client.upload_artifact(&run.artifact_uri, "data/ä b?.bin", vec![7; 100_000]).await.unwrap();
    client.upload_artifact(&run.artifact_uri, "note.txt", "hello").await.unwrap();

    let listed = client.list_artifacts(&run.run_id, "").await.unwrap();
    let found: Vec<_> = listed.iter().map(|file| (file.path.as_deref(), file.is_dir)).collect();
    assert_eq!(found, [(Some("data"), Some(true)), (Some("note.txt"), Some(false))]);
    let listed = client.list_artifacts(&run.run_id, "data").await.unwrap();
    assert_eq!(
        (listed[0].path.as_deref(), listed[0].file_size),
        (Some("data/ä b?.bin"), Some(100_000.into()))
    );

    let mut content = Vec::new();
    let n_bytes = client.download_artifact(&run.artifact_uri, "data/ä b?.bin", &mut content).await.unwrap();
    assert_eq!((n_bytes, content), (100_000, vec![7; 100_000]));
    let missing = client.download_artifact(&run.artifact_uri, "nope", &mut Vec::new()).await;
    assert!(matches!(missing, Err(Error::Api { status: 404, .. })), "{missing:?}");
    drop(client);
    server.stop().await;
}

async fn a_model_is_logged_with_its_files_and_registered(db: Db) {
    let server = TestServer::start(db).await;
    let client = Client::new(&server.url("/")).unwrap();
    let experiment_id = Some("0".to_owned());
    let created = CreateRun { experiment_id: experiment_id.clone(), ..CreateRun::default() };
    let run_id = client.create_run(&created).await.unwrap().run_id;
    let message = CreateLoggedModel {
        experiment_id,
        name: Some("wine".to_owned()),
        source_run_id: Some(run_id.clone()),
        ..CreateLoggedModel::default()
    };
    let files = |new: &NewModel| vec![("data/id.txt".to_owned(), new.model_id.clone().into_bytes())];
    let model = client.log_model(&message, files).await.unwrap();

    let info = client.get_logged_model(&model.model_id).await.unwrap().info.unwrap();
    assert_eq!((info.status, info.source_run_id), (Some(LoggedModelStatus::Ready), Some(run_id.clone())));
    let mut content = Vec::new();
    client.download_artifact(&model.artifact_uri, "data/id.txt", &mut content).await.unwrap();
    assert_eq!(content, model.model_id.as_bytes());
    let outputs = client.get_run(&run_id).await.unwrap().outputs.unwrap();
    assert_eq!(outputs.model_outputs[0].model_id.as_ref(), Some(&model.model_id));
    for number in ["1", "2"] {
        let version = client.register_logged_model("wine", &model, Some(&run_id)).await.unwrap();
        assert_eq!(version.version.as_deref(), Some(number));
    }

    let outside = |_: &NewModel| vec![("../x".to_owned(), Vec::new())];
    assert!(matches!(client.log_model(&message, outside).await, Err(Error::ArtifactPath(_))));
    drop(client);
    server.stop().await;
}

async fn pages_of_a_search_are_fetched_to_the_end(db: Db) {
    let server = TestServer::start(db).await;
    for name in ["a", "b", "c"] {
        server.create_run(name).await;
    }
    let client = Client::new(&server.url("/")).unwrap();
    let question =
        SearchRuns { experiment_ids: vec!["0".into()], max_results: Some(2.into()), ..SearchRuns::default() };
    let mut pages = client.search_runs(question);
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        sizes.push(page.len());
    }
    assert_eq!(sizes, [2, 1]);
    drop(client);
    server.stop().await;
}

async fn a_refusal_has_its_code_its_sentence_and_its_status(db: Db) {
    let server = TestServer::start(db).await;
    let client = Client::new(&server.url("/")).unwrap();
    let error = client.log_param("nope", "p", "1").await.unwrap_err();
    assert_eq!(error.to_string(), "RESOURCE_DOES_NOT_EXIST: Run with id=nope not found (HTTP 404)");
    drop(client);
    server.stop().await;
}

async fn a_model_is_registered_found_and_deleted(db: Db) {
    let server = TestServer::start(db).await;
    let client = Client::new(&server.url("/")).unwrap();
    let created = CreateRegisteredModel { name: Some("fraud".into()), ..CreateRegisteredModel::default() };
    client.create_registered_model(&created).await.unwrap();
    let source = CreateModelVersion {
        name: Some("fraud".into()),
        source: Some("s3://bucket/a".into()),
        ..CreateModelVersion::default()
    };
    for number in ["1", "2", "3"] {
        let version = client.create_model_version(&source).await.unwrap();
        assert_eq!(version.version.as_deref(), Some(number));
    }
    client.set_model_tag("fraud", "team", "risk").await.unwrap();
    client.set_version_tag("fraud", "2", "k", "v").await.unwrap();
    client.set_model_alias("fraud", "champion", "2").await.unwrap();
    client.describe_registered_model("fraud", "cards").await.unwrap();
    client.describe_model_version("fraud", "2", "better").await.unwrap();

    let model = client.get_registered_model("fraud").await.unwrap();
    assert_eq!((model.description.as_deref(), model.aliases.len(), model.tags.len()), (Some("cards"), 1, 1));
    let version = client.get_version_by_alias("fraud", "champion").await.unwrap();
    assert_eq!((version.version.as_deref(), version.description.as_deref()), (Some("2"), Some("better")));
    assert_eq!(client.get_version_download_uri("fraud", "2").await.unwrap(), "s3://bucket/a");
    assert_eq!(client.list_latest_versions("fraud", &[]).await.unwrap()[0].version.as_deref(), Some("3"));

    client.delete_model_alias("fraud", "champion").await.unwrap();
    client.delete_version_tag("fraud", "2", "k").await.unwrap();
    client.delete_model_tag("fraud", "team").await.unwrap();
    client.delete_model_version("fraud", "2").await.unwrap();
    let gone = client.get_model_version("fraud", "2").await.unwrap_err();
    assert!(gone.has_code("RESOURCE_DOES_NOT_EXIST"), "{gone}");
    client.rename_registered_model("fraud", "theft").await.unwrap();
    client.delete_registered_model("theft").await.unwrap();
    assert!(client.get_registered_model("theft").await.is_err());
    drop(client);
    server.stop().await;
}

async fn a_listing_ends_at_its_limit_and_says_whether_there_is_more(db: Db) {
    let server = TestServer::start(db).await;
    let client = Client::new(&server.url("/")).unwrap();
    for name in ["a", "b", "c"] {
        let created = CreateRegisteredModel { name: Some(name.into()), ..CreateRegisteredModel::default() };
        client.create_registered_model(&created).await.unwrap();
    }
    let question = SearchRegisteredModels {
        max_results: Some(1.into()),
        order_by: vec!["name DESC".into(), "last_updated_timestamp".into()],
        ..SearchRegisteredModels::default()
    };
    for (limit, expected, has_more) in [(0, "", true), (2, "cb", true), (3, "cba", false), (9, "cba", false)]
    {
        let found = client.search_registered_models(question.clone()).collect(limit).await.unwrap();
        let names: String = found.items.into_iter().filter_map(|model| model.name).collect();
        assert_eq!((&*names, found.has_more), (expected, has_more), "{limit}");
    }
    drop(client);
    server.stop().await;
}

for_each_db!(
    a_training_loop_is_logged_and_read_back,
    a_model_is_registered_found_and_deleted,
    a_listing_ends_at_its_limit_and_says_whether_there_is_more,
    artifacts_go_up_and_come_down,
    a_model_is_logged_with_its_files_and_registered,
    pages_of_a_search_are_fetched_to_the_end,
    a_refusal_has_its_code_its_sentence_and_its_status,
);

/// A client that is quick to give up.
async fn client_of(router: Router, credentials: Credentials) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    impatient(&uri, credentials)
}

fn impatient(uri: &str, credentials: Credentials) -> Client {
    let moment = Duration::from_millis(1);
    let retry = RetryPolicy { max_retries: 3, base_delay: moment, max_delay: moment, jitter: moment };
    let timeouts = Timeouts { request: Duration::from_millis(200), ..Timeouts::default() };
    Client::with_options(uri, Options { credentials, retry, timeouts }).unwrap()
}

/// A server that says `refusal` to the first requests and `{}` to the later ones, and counts all of them.
fn server_that_refuses(n_refusals: u32, refusal: StatusCode) -> (Router, Arc<AtomicU32>) {
    let n_requests = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&n_requests);
    let answer = move || async move {
        if counter.fetch_add(1, Ordering::SeqCst) < n_refusals {
            return (refusal, [(RETRY_AFTER, "0")], "busy").into_response();
        }
        "{}".into_response()
    };
    (Router::new().route("/api/2.0/mlflow/runs/set-tag", post(answer)), n_requests)
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    for refusal in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS] {
        let (router, n_requests) = server_that_refuses(3, refusal);
        let client = client_of(router, Credentials::None).await;
        client.set_tag("r", "k", "v").await.unwrap();
        assert_eq!(n_requests.load(Ordering::SeqCst), 4);
    }
}

#[tokio::test]
async fn a_server_that_stays_busy_is_given_up_and_a_failed_one_is_not_asked_again() {
    for (refusal, n_expected) in
        [(StatusCode::SERVICE_UNAVAILABLE, 4), (StatusCode::INTERNAL_SERVER_ERROR, 1)]
    {
        let (router, n_requests) = server_that_refuses(9, refusal);
        let client = client_of(router, Credentials::None).await;
        let error = client.set_tag("r", "k", "v").await.unwrap_err();
        assert_eq!(error.to_string(), format!("error: busy (HTTP {})", refusal.as_u16()));
        assert_eq!(n_requests.load(Ordering::SeqCst), n_expected);
    }
}

#[tokio::test]
async fn credentials_go_with_every_request() {
    let echo = |headers: HeaderMap| async move {
        let name = headers[AUTHORIZATION].to_str().unwrap().to_owned();
        serde_json::json!({"experiment": {"name": name}}).to_string()
    };
    let router = Router::new().route("/api/2.0/mlflow/experiments/get-by-name", get(echo));
    let basic = Credentials::Basic { user: "ann".to_owned(), password: "pw".to_owned() };
    for (credentials, expected) in
        [(basic, "Basic YW5uOnB3"), (Credentials::Bearer("t".to_owned()), "Bearer t")]
    {
        let client = client_of(router.clone(), credentials).await;
        let seen = client.find_experiment("e").await.unwrap().unwrap();
        assert_eq!(seen.name.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn silence_refusal_and_nonsense_are_told_apart() {
    let silent = Router::new().fallback(std::future::pending::<()>);
    let client = client_of(silent, Credentials::None).await;
    assert!(matches!(client.get_run("r").await, Err(Error::Transport(error)) if error.is_timeout()));

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = impatient(&format!("http://{nobody}"), Credentials::None);
    assert!(matches!(client.get_run("r").await, Err(Error::Transport(error)) if error.is_connect()));

    let client = client_of(Router::new().fallback(|| async { "<html>" }), Credentials::None).await;
    assert!(matches!(client.get_run("r").await, Err(Error::Decode { .. })));
}

#[tokio::test]
async fn a_router_of_this_process_is_asked_as_a_server_is() {
    let echo = |headers: HeaderMap, body: String| async move {
        let name = format!("{} {body}", headers[AUTHORIZATION].to_str().unwrap());
        serde_json::json!({"registered_model": {"name": name}}).to_string()
    };
    let router = Router::new().route("/api/2.0/mlflow/registered-models/create", post(echo));
    let options = Options { credentials: Credentials::Bearer("t".to_owned()), ..Options::default() };
    let client = Client::in_process(router, options).unwrap();
    let created = CreateRegisteredModel { name: Some("m".into()), ..CreateRegisteredModel::default() };
    let model = client.create_registered_model(&created).await.unwrap();
    assert_eq!(model.name.as_deref(), Some(r#"Bearer t {"name":"m"}"#));
    let missing = client.get_registered_model("m").await.unwrap_err();
    assert!(matches!(missing, Error::Api { status: 404, .. }), "{missing}");
}
