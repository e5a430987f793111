//! `forebay server`: opens the database, serves, and ends in order.

use std::sync::Arc;

use anyhow::Context as _;
use forebay_core::clock::SystemClock;
use forebay_core::ids::RandomIds;
use forebay_db::Db;
use forebay_tracking::Tracking;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::ServerConfig;
use crate::router::router;

/// Serves until SIGTERM or Ctrl-C, then lets running requests finish and closes the database.
pub(crate) async fn run(config: ServerConfig) -> anyhow::Result<()> {
    for flag in &config.ignored {
        tracing::warn!("{flag} has no meaning here and is ignored");
    }
    let db = Db::open(&config.database, config.open)
        .await
        .with_context(|| format!("cannot use the backend store {}", config.database))?;
    let tracking =
        Tracking::open(db.clone(), Arc::new(SystemClock), Arc::new(RandomIds), config.tracking.clone())
            .await?;
    let listener = TcpListener::bind((config.host.as_str(), config.port))
        .await
        .with_context(|| format!("cannot listen on {}:{}", config.host, config.port))?;
    let address = listener.local_addr()?;
    tracing::info!(
        "forebay {} serves http://{address}{} from {}",
        env!("CARGO_PKG_VERSION"),
        config.static_prefix,
        config.database
    );
    axum::serve(listener, router(tracking, &config)).with_graceful_shutdown(stop_signal()?).await?;
    db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Resolves at the first SIGTERM or Ctrl-C.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
