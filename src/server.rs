//! `forebay server`: opens the database, serves, and ends in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use forebay_core::clock::SystemClock;
use forebay_core::ids::RandomIds;
use forebay_db::Db;
use forebay_features::Features;
use forebay_registry::{Config as RegistryConfig, Registry, Surroundings};
use forebay_tracking::Tracking;

use crate::config::ServerConfig;
use crate::database::ensure_indexes;
use crate::environment;
use crate::failure;
use crate::lake;
use crate::lineage::{TrackingFiles, TrackingLineage};
use crate::metrics;
use crate::router::{Domains, no_room, router};
use crate::seats::Seats;
use crate::serve::listen::listen;
use crate::serve::serve;
use crate::stop::StopSignals;
use crate::ui::Ui;

/// How long uploads that broke off may take to be cleaned up in the end.
const CLEAN_UP: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or Ctrl-C, then lets running requests finish and closes the database. A second signal is
/// an error that ends at once; what was answered is stored even so.
pub(crate) async fn run(config: ServerConfig) -> anyhow::Result<()> {
    for flag in &config.ignored {
        tracing::warn!("{flag} has no meaning here and is ignored");
    }
    let ui = Ui::choose(config.ui_dir.as_deref(), &environment::surroundings())?;
    // First: a server that cannot listen leaves no database behind.
    let listener = listen(&config.host, config.port).await.with_context(|| {
        format!("cannot listen on {}:{}; --port and --host choose another address", config.host, config.port)
    })?;
    let mut registry = config.expose_metrics.then(|| metrics::registry(&SystemClock));
    let opened = match &mut registry {
        Some(registry) => Db::open_measured(&config.database, config.open, registry).await,
        None => Db::open(&config.database, config.open).await,
    };
    let db = opened.with_context(|| format!("cannot use the backend store {}", config.database))?;
    if let Err(error) = ensure_indexes(&db).await {
        let error = failure::line(&error.into());
        tracing::warn!(
            error,
            "searches for runs will be slow: our indexes are missing; see `forebay db upgrade`"
        );
    }
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds));
    let opened = match &mut registry {
        Some(registry) => {
            Tracking::open_measured(db.clone(), clock, ids, config.tracking.clone(), registry).await
        }
        None => Tracking::open(db.clone(), clock, ids, config.tracking.clone()).await,
    };
    let tracking = opened.with_context(|| format!("cannot use the backend store {}", config.database))?;
    let models = open_registry(&db, &tracking, config.registry.clone())?;
    let address = listener.local_addr()?;
    tracing::info!(
        "forebay {} serves http://{address}{} from {}",
        env!("CARGO_PKG_VERSION"),
        config.static_prefix,
        config.database
    );
    let (stop, end_of_patience) = (StopSignals::listen()?, StopSignals::listen()?);
    // Without state of its own the router is put together once, not for each connection.
    let deliveries = models.start_deliveries();
    let features = Features::new(db.clone(), lake::open()?, config.features.clone(), Arc::new(SystemClock));
    let domains = Domains { tracking: tracking.clone(), registry: models, features };
    let router = router(domains, ui, &config, registry).with_state(());
    let seats = Seats::as_many_as_possible().context("the limit of file descriptors cannot be read")?;
    tokio::select! {
        () = serve(listener, router, no_room(), seats, stop.first()) => {}
        () = end_of_patience.end_of_patience() => bail!("stopped before all requests were answered"),
    }
    deliveries.stop().await;
    // What is not cleaned up in time stays in the object store, which may be gone for good.
    let _ = tokio::time::timeout(CLEAN_UP, tracking.close()).await;
    db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The registry of models on the same database, with tracking to ask.
pub(crate) fn open_registry(
    db: &Db,
    tracking: &Tracking,
    config: RegistryConfig,
) -> anyhow::Result<Registry> {
    let around = Surroundings {
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        lineage: Arc::new(TrackingLineage),
        files: Arc::new(TrackingFiles(tracking.clone())),
        answers: Arc::new(TrackingFiles(tracking.clone())),
    };
    Ok(Registry::new(db.clone(), config, around)?)
}
