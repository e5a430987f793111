//! Deliveries to a real receiver.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use forebay_core::clock::{Clock, SystemClock};
use forebay_core::ids::{Ids as _, RandomIds};
use forebay_db::{Db, Sql, for_each_db};
use forebay_wire::secret::Secret;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::deliveries::record;
use crate::model::delivery::DeliveryRules;
use crate::model::event::Event;
use crate::model::event_kind::{Audience, EventKind};
use crate::model::sealed::SealedSecret;
use crate::model::webhook::{StoredWebhook, Webhook};
use crate::model::webhook_requests::NewWebhook;
use crate::model::webhook_url::{PrivateHosts, UrlRules, WebhookUrl};
use crate::sql::subscribers;
use crate::{Config, FernetKey, KeySource};

/// Longer than any of these tests may take.
const PATIENCE: Duration = Duration::from_secs(30);

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const ALLOWED: PrivateHosts = PrivateHosts::Allowed;

/// A request as it came.
#[derive(Debug)]
struct Received {
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The name of the model that the event tells of.
    fn model(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["data"]["name"].as_str().unwrap().to_owned()
    }
}

/// Answers requests with the statuses of a script, and with 200 when that is over; 0 stands for no answer at all.
struct Receiver {
    url: String,
    requests: mpsc::UnboundedReceiver<Received>,
}

type Script = Arc<Mutex<VecDeque<u16>>>;

impl Receiver {
    async fn start(script: &[u16]) -> Self {
        let (sender, requests) = mpsc::unbounded_channel();
        let script: Script = Arc::new(Mutex::new(script.iter().copied().collect()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().fallback(receive).with_state((sender, script));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Receiver { url, requests }
    }

    async fn next(&mut self) -> Received {
        timeout(PATIENCE, self.requests.recv()).await.expect("a request in time").expect("a receiver")
    }
}

async fn receive(
    State((requests, script)): State<(mpsc::UnboundedSender<Received>, Script)>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    requests.send(Received { path: uri.path().to_owned(), headers, body }).unwrap();
    let status = script.lock().unwrap().pop_front().unwrap_or(200);
    if status == 0 {
        std::future::pending::<()>().await;
    }
    (StatusCode::from_u16(status).unwrap(), [("location", "https://127.0.0.1/elsewhere")])
}

fn registry(db: &Db, private_hosts: PrivateHosts, max_retries: u32) -> Registry {
    let config = Config {
        source_pattern: None,
        user_header: None,
        webhook_urls: UrlRules { schemes: vec!["http".to_owned()], private_hosts },
        deliveries: DeliveryRules {
            timeout: Duration::from_secs(20),
            max_retries,
            first_pause: Duration::from_millis(5),
            max_workers: 4,
        },
        webhook_key: KeySource::Given(FernetKey::parse(KEY).unwrap()),
    };
    Registry::new(db.clone(), config, crate::testing::alone()).unwrap()
}

/// Makes a webhook for new models, with a secret; returns its id.
async fn subscribe(registry: &Registry, url: &str) -> String {
    let new = NewWebhook {
        name: "hook".to_owned(),
        description: None,
        url: WebhookUrl::parse(url, &registry.webhooks.urls).unwrap(),
        events: vec![EventKind::RegisteredModelCreated],
        secret: Some(Secret("s3cret".to_owned())),
        status: forebay_wire::enumeration::WebhookStatus::Active,
    };
    registry.create_webhook(Audience::Webhooks, new).await.unwrap().id
}

/// Stores a webhook as it is, unchecked, as another server may have.
async fn store(db: &Db, url: &str, secret: Option<&str>) {
    let webhook = Webhook {
        id: RandomIds.uuid(),
        name: "hook".to_owned(),
        description: None,
        url: url.to_owned(),
        events: vec![EventKind::RegisteredModelCreated],
        status: forebay_wire::enumeration::WebhookStatus::Active,
        creation_time_ms: Some(1),
        last_updated_time_ms: Some(1),
    };
    let stored = StoredWebhook { webhook, secret: secret.map(|token| SealedSecret::new(token.to_owned())) };
    let inserted: Result<(), db::Error> =
        db.write(stored, |tx, stored| Box::pin(subscribers::insert(tx, Audience::Webhooks, stored))).await;
    inserted.unwrap();
}

/// Notes that these models were created.
async fn record_models(registry: &Registry, names: &[&str]) {
    let events: Vec<_> =
        names.iter().map(|name| Event::model_created((*name).to_owned(), Vec::new(), None)).collect();
    let recorded: Result<(), db::Error> = registry
        .db
        .write(events, |tx, events| {
            Box::pin(async move {
                for event in events {
                    record(tx, std::slice::from_ref(event), SystemClock.now_ms(), &RandomIds).await?;
                }
                Ok(())
            })
        })
        .await;
    recorded.unwrap();
    registry.wake_deliveries();
}

/// Waits until so many deliveries wait, and so many are given up; returns why they were.
async fn until_outbox_has(db: &Db, waiting: usize, given_up: usize) -> Vec<String> {
    let look = async {
        loop {
            let mut tx = db.read().await.unwrap();
            let all = Sql::new("SELECT given_up_ms, last_error FROM forebay_outbox ORDER BY sequence_number");
            let mut errors = Vec::new();
            let mut n_waiting = 0;
            tx.visit(all, |row| {
                match row.get::<Option<i64>>("given_up_ms")? {
                    Some(_) => errors.push(row.get("last_error")?),
                    None => n_waiting += 1,
                }
                Ok(())
            })
            .await
            .unwrap();
            if (n_waiting, errors.len()) == (waiting, given_up) {
                return errors;
            }
            drop(tx);
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, look).await.expect("the outbox as expected")
}

async fn a_failed_delivery_is_tried_again_before_the_next_one_is_sent(db: Db) {
    let mut receiver = Receiver::start(&[500, 503]).await;
    let registry = registry(&db, ALLOWED, 3);
    subscribe(&registry, &receiver.url).await;
    let deliveries = registry.start_deliveries();
    record_models(&registry, &["first", "second"]).await;
    let mut requests = Vec::new();
    for _ in 0..4 {
        requests.push(receiver.next().await);
    }
    let models: Vec<_> = requests.iter().map(Received::model).collect();
    assert_eq!(models, ["first", "first", "first", "second"]);
    let ids: Vec<_> = requests.iter().map(|request| request.header("x-mlflow-delivery-id")).collect();
    assert_eq!((ids[0], ids[0]), (ids[1], ids[2]));
    assert_ne!(ids[2], ids[3]);
    for request in &requests {
        assert_eq!(request.header("content-type"), "application/json");
        assert!(request.header("x-mlflow-signature").starts_with("v1,"));
        assert!(request.header("x-mlflow-timestamp").parse::<i64>().unwrap() > 1_600_000_000);
    }
    until_outbox_has(&db, 0, 0).await;
    deliveries.stop().await;
}

async fn what_keeps_failing_is_given_up_and_lets_the_next_one_pass(db: Db) {
    let mut receiver = Receiver::start(&[500, 500, 404]).await;
    let registry = registry(&db, ALLOWED, 1);
    subscribe(&registry, &receiver.url).await;
    let deliveries = registry.start_deliveries();
    record_models(&registry, &["unlucky", "refused", "lucky"]).await;
    let mut models = Vec::new();
    for _ in 0..4 {
        models.push(receiver.next().await.model());
    }
    assert_eq!(models, ["unlucky", "unlucky", "refused", "lucky"]);
    let reasons = until_outbox_has(&db, 0, 2).await;
    assert_eq!(reasons, ["the receiver answered 500", "the receiver answered 404"]);
    deliveries.stop().await;
}

async fn what_was_recorded_is_sent_by_the_next_server(db: Db) {
    let mut receiver = Receiver::start(&[]).await;
    let first = registry(&db, ALLOWED, 3);
    subscribe(&first, &receiver.url).await;
    record_models(&first, &["left behind"]).await;
    // As a server leaves it that was killed while it sent, some time ago.
    let left: Result<u64, db::Error> = db
        .write((), |tx, ()| {
            Box::pin(tx.run(Sql::new("UPDATE forebay_outbox SET next_attempt_ms = 5, failed_attempts = 2")))
        })
        .await;
    assert_eq!(left.unwrap(), 1);
    let deliveries = registry(&db, ALLOWED, 3).start_deliveries();
    assert_eq!(receiver.next().await.model(), "left behind");
    until_outbox_has(&db, 0, 0).await;
    deliveries.stop().await;
}

async fn two_servers_send_every_delivery_once_and_in_order(db: Db) {
    let names: Vec<String> = (0..10).map(|number| format!("{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut receiver = Receiver::start(&[]).await;
    let servers = [registry(&db, ALLOWED, 3), registry(&db, ALLOWED, 3)];
    for path in ["a", "b", "c"] {
        subscribe(&servers[0], &format!("{}/{path}", receiver.url)).await;
    }
    let deliveries = servers.each_ref().map(Registry::start_deliveries);
    record_models(&servers[0], &names).await;
    servers[1].wake_deliveries();
    let mut ids = HashSet::new();
    let mut models: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..30 {
        let request = receiver.next().await;
        assert!(ids.insert(request.header("x-mlflow-delivery-id").to_owned()), "sent twice");
        models.entry(request.path.clone()).or_default().push(request.model());
    }
    assert_eq!(models.len(), 3);
    assert!(models.values().all(|received| *received == names), "{models:?}");
    until_outbox_has(&db, 0, 0).await;
    for deliveries in deliveries {
        deliveries.stop().await;
    }
}

async fn nothing_is_sent_to_this_machine_unless_it_is_allowed(db: Db) {
    let mut receiver = Receiver::start(&[]).await;
    let registry = registry(&db, PrivateHosts::Refused, 3);
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    for url in [&receiver.url, &by_name] {
        store(&db, url, None).await;
    }
    let deliveries = registry.start_deliveries();
    record_models(&registry, &["secret"]).await;
    let reasons = until_outbox_has(&db, 0, 2).await;
    let begins = "Webhook URL must not resolve to a non-public IP address. '";
    assert!(reasons.iter().all(|reason| reason.starts_with(begins)), "{reasons:?}");
    assert!(receiver.requests.try_recv().is_err());
    deliveries.stop().await;
}

async fn a_redirect_does_not_lead_where_no_webhook_may(db: Db) {
    let mut receiver = Receiver::start(&[307]).await;
    let registry = registry(&db, ALLOWED, 3);
    subscribe(&registry, &receiver.url).await;
    let deliveries = registry.start_deliveries();
    record_models(&registry, &["m"]).await;
    receiver.next().await;
    let reasons = until_outbox_has(&db, 0, 1).await;
    assert_eq!(reasons, ["Invalid webhook URL scheme: 'https'. Allowed schemes are: http."]);
    deliveries.stop().await;
}

async fn a_secret_that_cannot_be_read_stops_its_own_webhook_alone(db: Db) {
    let mut receiver = Receiver::start(&[]).await;
    let registry = registry(&db, ALLOWED, 3);
    store(&db, &receiver.url, Some("gAAAAABnot-of-this-key")).await;
    subscribe(&registry, &receiver.url).await;
    let deliveries = registry.start_deliveries();
    record_models(&registry, &["m"]).await;
    assert!(receiver.next().await.headers.contains_key("x-mlflow-signature"));
    let reasons = until_outbox_has(&db, 0, 1).await;
    assert_eq!(reasons, ["the secret was encrypted with another key than this server has"]);
    deliveries.stop().await;
}

async fn what_waits_for_a_webhook_that_is_disabled_is_forgotten(db: Db) {
    let registry = registry(&db, ALLOWED, 3);
    subscribe(&registry, "http://127.0.0.1:9/").await;
    record_models(&registry, &["a", "b"]).await;
    let disabled: Result<u64, db::Error> =
        db.write((), |tx, ()| Box::pin(tx.run(Sql::new("UPDATE webhooks SET status = 'DISABLED'")))).await;
    assert_eq!(disabled.unwrap(), 1);
    let deliveries = registry.start_deliveries();
    until_outbox_has(&db, 0, 0).await;
    deliveries.stop().await;
}

async fn a_request_without_an_answer_is_given_back_when_the_server_stops(db: Db) {
    let mut receiver = Receiver::start(&[0]).await;
    let registry = registry(&db, ALLOWED, 3);
    subscribe(&registry, &receiver.url).await;
    let deliveries = registry.start_deliveries();
    record_models(&registry, &["m"]).await;
    receiver.next().await;
    deliveries.stop().await;
    let mut tx = db.read().await.unwrap();
    let heads = outbox::list_heads(&mut tx, 1).await.unwrap();
    drop(tx);
    assert_eq!(heads[0].failed_attempts, 0);
    assert!(heads[0].next_attempt_ms <= SystemClock.now_ms());
    let deliveries = registry.start_deliveries();
    assert_eq!(receiver.next().await.header("x-mlflow-delivery-id"), heads[0].id);
    until_outbox_has(&db, 0, 0).await;
    deliveries.stop().await;
}

for_each_db!(
    a_failed_delivery_is_tried_again_before_the_next_one_is_sent,
    what_keeps_failing_is_given_up_and_lets_the_next_one_pass,
    what_was_recorded_is_sent_by_the_next_server,
    two_servers_send_every_delivery_once_and_in_order,
    nothing_is_sent_to_this_machine_unless_it_is_allowed,
    a_redirect_does_not_lead_where_no_webhook_may,
    a_secret_that_cannot_be_read_stops_its_own_webhook_alone,
    what_waits_for_a_webhook_that_is_disabled_is_forgotten,
    a_request_without_an_answer_is_given_back_when_the_server_stops,
);
