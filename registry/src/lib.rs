//! The registry: registered models and their versions, with MLflow's REST API and in MLflow's own tables.
//!
//! [`Registry`] is the one public handle; [`http::routes`] lists every endpoint. A request goes
//! `http` (three lines) → `TryFrom` in `model` (the only validator) → one use case per file → `sql`.
#![expect(dead_code, reason = "events are noted by the use cases that write, which are on their way")]

mod deliveries;
mod error;
pub mod http;
mod model;
mod model_versions;
mod registered_models;
mod secrets;
mod sql;
mod webhooks;

use std::sync::Arc;

use forebay_core::clock::Clock;
use forebay_core::ids::Ids;
use forebay_db::Db;
use tokio::sync::Notify;

pub use deliveries::Deliveries;
pub use error::Error;
pub use model::delivery::DeliveryRules;
pub use model::webhook_url::{PrivateHosts, UrlRules};
pub use secrets::{BadKey, FernetKey, KeySource, SecretError};

use deliveries::resolve::Resolver;
use deliveries::send::Sender;
use secrets::SecretKeeper;

/// What a use case returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How the registry behaves; the operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where webhooks may lead.
    pub webhook_urls: UrlRules,
    /// How deliveries are sent.
    pub deliveries: DeliveryRules,
    /// The key to the secrets of webhooks.
    pub webhook_key: KeySource,
}

/// The certificates of this machine cannot be used for deliveries.
#[derive(Debug, thiserror::Error)]
#[error("deliveries to webhooks cannot be set up")]
pub struct SetupError(#[source] reqwest::Error);

/// The registry on an open database. Cloning it is cheap.
#[derive(Clone)]
pub struct Registry {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    webhooks: Arc<Webhooks>,
}

/// What webhooks need besides the database.
struct Webhooks {
    urls: Arc<UrlRules>,
    rules: DeliveryRules,
    resolver: Resolver,
    sender: Sender,
    keeper: SecretKeeper,
    wake: Notify,
}

impl Registry {
    /// Takes an open database.
    ///
    /// # Errors
    /// When this machine cannot make TLS connections.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, config: Config) -> Result<Self, SetupError> {
        let urls = Arc::new(config.webhook_urls);
        let resolver = Resolver::new(Arc::clone(&urls));
        let sender = Sender::new(&urls, resolver.clone(), config.deliveries.timeout).map_err(SetupError)?;
        let keeper = SecretKeeper::new(config.webhook_key);
        let rules = config.deliveries;
        let webhooks = Webhooks { urls, rules, resolver, sender, keeper, wake: Notify::new() };
        Ok(Registry { db, clock, ids, webhooks: Arc::new(webhooks) })
    }
}
