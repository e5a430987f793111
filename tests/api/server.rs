//! [`TestServer`]: the real routes and layers on a free port, and the little HTTP client that tests ask with.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::clock::FixedClock;
use forebay_core::ids::SequentialIds;
use forebay_db::Db;
use forebay_registry::{
    Config as RegistryConfig, DeliveryRules, KeySource, PrivateHosts, Registry, Surroundings, UrlRules,
};
use forebay_tracking::{Config, GraphqlLimits, LocationRules, LongValues, StoreSettings, Tracking};
use forebay_web::limits::Limits;
use forebay_web::serving::Serving;
use forebay_web::stack::{Security, StaticPrefix, WebConfig, with_layers};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::lineage::{TrackingFiles, TrackingLineage};
use crate::versions::RegistryVersions;

/// What the clock shows, in milliseconds since the epoch.
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

/// Longest JSON body, in bytes; small, so that a longer one is quickly made.
pub(crate) const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// How long a stopped server's last tasks may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server on a database of its own. A test ends with [`TestServer::stop`], which finds what was left behind.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) db: Db,
    http: reqwest::Client,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _artifacts: TempDir,
}

/// A status and a body, shown as `200` and the text below it.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}\n{}", self.status, self.body)
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The body of an answer that must be a success.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self}");
        self.json()
    }
}

impl TestServer {
    pub(crate) async fn start(db: Db) -> Self {
        let artifacts = TempDir::new().unwrap();
        let clock = Arc::new(FixedClock::new(NOW_MS));
        let ids = Arc::new(SequentialIds::default());
        let tracking =
            Tracking::open(db.clone(), clock.clone(), ids.clone(), config(&artifacts)).await.unwrap();
        let around = Surroundings {
            clock,
            ids: ids.clone(),
            lineage: Arc::new(TrackingLineage),
            files: Arc::new(TrackingFiles(tracking.clone())),
            answers: Arc::new(TrackingFiles(tracking.clone())),
        };
        let registry = Registry::new(db.clone(), registry_config(&artifacts), around).unwrap();
        let versions = Arc::new(RegistryVersions(registry.clone()));
        let routes = forebay_tracking::http::routes(tracking, versions);
        let routes = routes.merge(forebay_registry::http::routes(registry));
        let app = with_layers(routes, web_config());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let until = async move { drop(stopped.await) };
            axum::serve(listener, app).with_graceful_shutdown(until).await.unwrap();
        });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        TestServer { address, db, http, stop, serving, _artifacts: artifacts }
    }

    /// Stops the server as its operator would, and finds every task that outlives it.
    pub(crate) async fn stop(self) {
        drop(self.http);
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        self.db.close().await;
        let tasks = Handle::current().metrics();
        let all_ended = async {
            while tasks.num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, all_ended).await;
        assert!(ended.is_ok(), "{} tasks outlive the server", tasks.num_alive_tasks());
    }

    /// The address with a path of the API behind it.
    pub(crate) fn url(&self, path: &str) -> String {
        let address = self.address;
        if path.starts_with('/') {
            return format!("http://{address}{path}");
        }
        format!("http://{address}/api/2.0/mlflow/{path}")
    }

    /// GET; a path that does not begin with a slash is one under `/api/2.0/mlflow/`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.http.get(self.url(path))).await
    }

    /// POST of a message; the path as in [`Self::get`].
    pub(crate) async fn post(&self, path: &str, message: Value) -> Answer {
        self.post_text(path, message.to_string()).await
    }

    /// POST of a text that claims to be JSON.
    pub(crate) async fn post_text(&self, path: &str, text: impl Into<reqwest::Body>) -> Answer {
        answer(self.http.post(self.url(path)).header("content-type", "application/json").body(text)).await
    }

    /// A new run of that name in the default experiment; returns its id.
    pub(crate) async fn create_run(&self, name: &str) -> String {
        let message = json!({"experiment_id": "0", "run_name": name, "start_time": NOW_MS});
        let run = self.post("runs/create", message).await.ok();
        run["run"]["info"]["run_id"].as_str().unwrap().to_owned()
    }

    /// A run as the server tells it.
    pub(crate) async fn run(&self, id: &str) -> Value {
        self.get(&format!("runs/get?run_id={id}")).await.ok()["run"].clone()
    }

    /// How many values of a metric a run has.
    pub(crate) async fn n_points(&self, id: &str, key: &str) -> usize {
        let history = self.get(&format!("metrics/get-history?run_id={id}&metric_key={key}")).await.ok();
        history["metrics"].as_array().map_or(0, Vec::len)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    Answer { status, body: response.text().await.unwrap() }
}

fn config(artifacts: &TempDir) -> Config {
    let folder = artifacts.path().to_str().unwrap();
    Config {
        artifact_root: "mlflow-artifacts:/".to_owned(),
        artifacts_destination: folder.to_owned(),
        object_stores: StoreSettings::default(),
        serving: Serving::All,
        long_values: LongValues::Truncate,
        locations: LocationRules { max_chars: 2_048, folder: folder.to_owned() },
        graphql: GraphqlLimits { max_root_fields: 10, max_aliases: 10 },
    }
}

/// Webhooks may lead to a receiver of the test.
fn registry_config(folder: &TempDir) -> RegistryConfig {
    RegistryConfig {
        source_pattern: None,
        user_header: None,
        webhook_urls: UrlRules { schemes: vec!["http".to_owned()], private_hosts: PrivateHosts::Allowed },
        deliveries: DeliveryRules {
            timeout: Duration::from_secs(10),
            max_retries: 3,
            first_pause: Duration::from_millis(10),
            max_workers: 10,
        },
        webhook_key: KeySource::File(folder.path().join("webhook-key")),
    }
}

/// Request ids are counted apart from all others, so that a request more does not change the ids of runs.
fn web_config() -> WebConfig {
    WebConfig {
        ids: Arc::new(SequentialIds::default()),
        limits: Limits { json_bytes: BODY_LIMIT, json_bytes_in_flight: 16 * BODY_LIMIT },
        timeout: Duration::from_mins(1),
        static_prefix: StaticPrefix::default(),
        security: Some(Security::default()),
        metrics: None,
    }
}
