//! A database that is used without a server: the server's own router is called in this process.
//!
//! There is no socket, so nobody else can ask, and there is nothing to clean up after a kill. All that a command can do
//! to a database is what a server would have done for it, checks, history and events included.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::map_request;
use forebay_client::{Client, Options, RetryPolicy};
use forebay_core::clock::SystemClock;
use forebay_core::ids::RandomIds;
use forebay_db::{DatabaseUrl, Db};
use forebay_features::{Config as FeaturesConfig, Features, Locations};
use forebay_registry::{Config as RegistryConfig, DeliveryRules, KeySource, PrivateHosts, UrlRules};
use forebay_tracking::{Config as TrackingConfig, GraphqlLimits, LocationRules, LongValues, Tracking};
use forebay_web::serving::Serving;

use crate::cli::OriginArgs;
use crate::database::open_options;
use crate::environment;
use crate::lake;
use crate::memory;
use crate::router::{Domains, bare_router};
use crate::server::open_registry;

/// One reads; on PostgreSQL another writes meanwhile.
const CONNECTIONS: u32 = 2;

/// Where the router hears who asks. Nobody but this program can ask it.
const USER_HEADER: HeaderName = HeaderName::from_static("x-forebay-user");

/// What has to be closed in the end.
pub(crate) struct Local {
    db: Db,
    tracking: Tracking,
}

/// Which tables a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tables {
    /// MLflow's alone; they are there.
    Mlflows,
    /// Also our own, which are made where they are missing.
    Ours,
}

impl Local {
    /// Opens a database that is there, and a client of it. `user` is whom the history names.
    pub(crate) async fn open(
        url: &DatabaseUrl,
        user: Option<String>,
        tables: Tables,
        args: &OriginArgs,
    ) -> anyhow::Result<(Client, Self)> {
        let unusable = || {
            format!(
                "cannot use the database {url}; --backend-store-uri or --tracking-uri name another registry"
            )
        };
        let options = open_options(CONNECTIONS, args.allow_unknown_schema);
        let mut db = Db::open_existing(url, options).await.with_context(unusable)?;
        if tables == Tables::Ours {
            db.close().await;
            db = Db::open(url, options).await.with_context(unusable)?;
        }
        let clock = Arc::new(SystemClock);
        let tracking = Tracking::open(db.clone(), clock, Arc::new(RandomIds), tracking_config(args)?)
            .await
            .with_context(unusable)?;
        let registry = open_registry(&db, &tracking, registry_config())?;
        let features = Features::new(db.clone(), lake::open()?, features_config(), Arc::new(SystemClock));
        let router = bare_router(Domains { tracking: tracking.clone(), registry, features }, Serving::All);
        let router = router.layer(map_request(move |request| named(request, user.as_deref())));
        // What a database refuses for being busy has waited already.
        let retry = RetryPolicy { max_retries: 0, ..RetryPolicy::default() };
        let options = Options { retry, ..Options::default() };
        Ok((Client::in_process(router, options)?, Local { db, tracking }))
    }

    pub(crate) async fn close(self) {
        self.tracking.close().await;
        self.db.close().await;
    }
}

/// A request of the user who runs this program, as an authenticating proxy would pass it on.
fn named(mut request: Request, user: Option<&str>) -> Ready<Request> {
    if let Some(user) = user.and_then(|user| HeaderValue::try_from(user).ok()) {
        request.headers_mut().insert(USER_HEADER, user);
    }
    ready(request)
}

/// No deliveries are sent from here: they are stored with the change they tell of, and a server sends them. None is
/// made either, so where they may lead does not matter.
fn registry_config() -> RegistryConfig {
    RegistryConfig {
        source_pattern: None,
        user_header: Some(USER_HEADER),
        webhook_urls: UrlRules { schemes: Vec::new(), private_hosts: PrivateHosts::Refused },
        deliveries: DeliveryRules {
            timeout: Duration::from_secs(1),
            max_retries: 0,
            first_pause: Duration::from_secs(1),
            max_workers: 1,
        },
        webhook_key: KeySource::File("forebay.webhook-key".into()),
    }
}

/// Whoever runs this program reads with the rights that they have.
fn features_config() -> FeaturesConfig {
    FeaturesConfig {
        user_header: Some(USER_HEADER),
        locations: Locations::Everywhere,
        memory_bytes: memory::half(),
    }
}

/// As of a server without flags; nothing here is logged, so only the artifacts count.
fn tracking_config(args: &OriginArgs) -> anyhow::Result<TrackingConfig> {
    let folder = std::env::current_dir()?;
    let folder = folder.to_str().context("the current folder's name is not UTF-8")?.to_owned();
    Ok(TrackingConfig {
        artifact_root: "mlflow-artifacts:/".to_owned(),
        artifacts_destination: args.artifacts_destination.0.clone(),
        object_stores: environment::object_stores(),
        serving: Serving::All,
        long_values: LongValues::Refuse,
        locations: LocationRules { max_chars: 2_048, folder },
        graphql: GraphqlLimits { max_root_fields: 10, max_aliases: 10 },
    })
}
