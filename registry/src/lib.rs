//! The registry: registered models and their versions, with MLflow's REST API and in MLflow's own tables.
//!
//! [`Registry`] is the one public handle; [`http::routes`] lists every endpoint. A request goes
//! `http` (three lines) → `TryFrom` in `model` (the only validator) → one use case per file → `sql`.

mod aliases;
mod deliveries;
mod error;
mod files;
pub mod http;
mod lineage;
mod model;
mod moment;
mod model_versions;
mod policies;
mod promotions;
mod registered_models;
mod secrets;
mod sql;
#[cfg(test)]
mod testing;
mod webhooks;

use std::sync::Arc;

use axum::http::HeaderName;
use forebay_core::clock::Clock;
use forebay_core::columns::ColumnLimits;
use forebay_core::ids::Ids;
use forebay_db::{Db, Engine};
use tokio::sync::{Mutex, Notify};

pub use deliveries::Deliveries;
pub use error::{Error, Kind, Refusal};
pub use files::{FileFacts, ReadFile, VersionFiles};
pub use http::files::{FileAnswers, FileRequest};
pub use lineage::{Lineage, RegisteredAs, SourceMetric, SourceModel, SourceRun};
pub use model::delivery::DeliveryRules;
pub use model::source_pattern::SourcePattern;
pub use model::webhook_url::{PrivateHosts, UrlRules};
pub use secrets::{BadKey, FernetKey, KeySource, SecretError};

use deliveries::resolve::Resolver;
use deliveries::send::Sender;
use http::caller::Caller;
use moment::Moment;
use secrets::SecretKeeper;
use sql::tag_counts::TagCounts;

/// What a use case returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How the registry behaves; the operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// What sources of versions have to look like.
    pub source_pattern: Option<SourcePattern>,
    /// The header in which an authenticating proxy names the user; nobody is known without one.
    pub user_header: Option<HeaderName>,
    /// Where webhooks may lead.
    pub webhook_urls: UrlRules,
    /// How deliveries are sent.
    pub deliveries: DeliveryRules,
    /// The key to the secrets of webhooks.
    pub webhook_key: KeySource,
}

/// What the registry needs of the rest of the server.
#[derive(Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids for what is made.
    pub ids: Arc<dyn Ids>,
    /// Where versions come from.
    pub lineage: Arc<dyn Lineage>,
    /// The files that versions have.
    pub files: Arc<dyn VersionFiles>,
    /// The same, for those who ask for one.
    pub answers: Arc<dyn FileAnswers>,
}

/// The certificates of this machine cannot be used for deliveries.
#[derive(Debug, thiserror::Error)]
#[error("deliveries to webhooks cannot be set up")]
pub struct SetupError(#[source] reqwest::Error);

/// The registry on an open database. Cloning it is cheap.
#[derive(Clone)]
pub struct Registry {
    db: Db,
    config: Arc<Config>,
    around: Surroundings,
    columns: ColumnLimits,
    /// Held by the one whose promotion is judged again.
    turns: Arc<Mutex<()>>,
    tag_counts: Arc<TagCounts>,
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

impl Webhooks {
    fn new(config: &Config) -> Result<Self, SetupError> {
        let urls = Arc::new(config.webhook_urls.clone());
        let resolver = Resolver::new(Arc::clone(&urls));
        let rules = config.deliveries.clone();
        let sender = Sender::new(&urls, resolver.clone(), rules.timeout).map_err(SetupError)?;
        let keeper = SecretKeeper::new(config.webhook_key.clone());
        Ok(Webhooks { urls, rules, resolver, sender, keeper, wake: Notify::new() })
    }
}

impl Registry {
    /// Takes an open database.
    ///
    /// # Errors
    /// When this machine cannot make TLS connections.
    pub fn new(db: Db, config: Config, around: Surroundings) -> Result<Self, SetupError> {
        let columns = match db.engine() {
            Engine::Sqlite => ColumnLimits::Lenient,
            Engine::Postgres => ColumnLimits::Enforced,
        };
        let webhooks = Arc::new(Webhooks::new(&config)?);
        Ok(Registry {
            db,
            config: Arc::new(config),
            around,
            columns,
            turns: Arc::default(),
            tag_counts: Arc::default(),
            webhooks,
        })
    }

    /// Now, for a write that `user` asks for.
    fn moment(&self, caller: Caller) -> Moment {
        let Caller(user) = caller;
        Moment { now_ms: self.now_ms(), user, ids: self.around.ids.clone() }
    }

    fn now_ms(&self) -> i64 {
        self.around.clock.now_ms()
    }
}
