//! `forebay serve`: loads models, answers for them, follows their aliases, and ends in order.

mod named;
mod start;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use forebay_core::clock::SystemClock;
use forebay_core::ids::RandomIds;
use forebay_serving::{EngineOptions, Fallback, Limits, Models, Server, ServingMetrics, Setting};
use forebay_web::limits::Limits as BodyLimits;
use forebay_web::stack::{StaticPrefix, WebConfig, with_layers};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

use self::named::NamedModel;
use self::start::Starter;
use crate::cli::{QueueArgs, SecurityArgs, ServeArgs};
use crate::config;
use crate::metrics;
use crate::model_origins::ModelOrigins;
use crate::router::no_room;
use crate::seats::Seats;
use crate::serve::listen::listen;
use crate::serve::serve;
use crate::stop::StopSignals;

const MIB: usize = 1024 * 1024;

/// How many of the longest bodies fit the memory.
const BODIES: usize = 8;

/// Serves until SIGTERM or Ctrl-C, then lets running requests finish.
pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let named = NamedModel::parse_all(&args.models)?;
    // First: a server that cannot listen downloads nothing.
    let listener = listen_at(&args.address.host, args.address.port, "--port").await?;
    let grpc = match args.address.grpc_port {
        Some(port) => Some(listen_at(&args.address.host, port, "--grpc-port").await?),
        None => None,
    };
    let (stop, end_of_patience) = (StopSignals::listen()?, StopSignals::listen()?);
    let mut registry = metrics::registry(&SystemClock);
    let models = Models::expect(named.iter().map(|model| model.name.clone()));
    let serving_metrics = ServingMetrics::register(&mut registry, &models);
    let server = Server {
        models: models.clone(),
        patience: Duration::from_secs(args.queue.timeout),
        body_bytes: args.queue.body_mib.saturating_mul(MIB),
    };
    let uris: Vec<_> = named.iter().map(|model| model.uri.clone()).collect();
    let origins = ModelOrigins::open(&args.origin, &uris, args.engine.cache.clone())?;
    let clock = Arc::new(SystemClock);
    let setting = Setting { limits: limits(&args.queue), metrics: serving_metrics, clock };
    let workers = args.workers.workers.map(usize::from);
    let engine = EngineOptions { workers, ..args.engine.options() };
    let starter = Starter { origins, engine, setting };
    tracing::info!("listening on http://{}", listener.local_addr()?);
    let router = router(&server, registry, &args.security);
    let seats = Seats::as_many_as_possible().context("the limit of file descriptors cannot be read")?;
    let serving = async {
        let stopping = async {
            stop.first().await;
            models.stop();
        };
        let http = serve(listener, router, no_room(), seats, stopping);
        let ended = tokio::select! {
            ((), ended) = async { tokio::join!(http, serve_grpc(grpc, &server)) } => ended,
            failed = load_and_watch(&starter, &named, &models, args.queue.watch_seconds) => failed,
        };
        models.close().await;
        ended
    };
    let ended = tokio::select! {
        ended = serving => ended,
        () = end_of_patience.end_of_patience() => bail!("stopped before all requests were answered"),
    };
    starter.origins.close().await;
    tracing::info!("stopped");
    ended
}

/// Loads all models, and follows those whose URI may stand for another one later. It ends with an error only.
async fn load_and_watch(
    starter: &Starter,
    named: &[NamedModel],
    models: &Models,
    watch_seconds: u64,
) -> anyhow::Result<()> {
    let loading = named.iter().map(|model| async move {
        models.put(starter.start(model, Fallback::LastKnown).await?);
        Ok::<(), anyhow::Error>(())
    });
    futures_util::future::try_join_all(loading).await?;
    tracing::info!("ready");
    watch::follow(starter, named, models, Duration::from_secs(watch_seconds)).await
}

/// Serves gRPC, if a port was given for it, until SIGTERM or Ctrl-C.
async fn serve_grpc(listener: Option<TcpListener>, server: &Server) -> anyhow::Result<()> {
    let Some(listener) = listener else { return Ok(()) };
    let stop = StopSignals::listen()?;
    tracing::info!("listening on grpc://{}", listener.local_addr()?);
    server.serve_grpc(listener, stop.first()).await.context("gRPC broke off")
}

async fn listen_at(host: &str, port: u16, flag: &str) -> anyhow::Result<TcpListener> {
    let listening = listen(host, port).await;
    listening
        .with_context(|| format!("cannot listen on {host}:{port}; {flag} and --host choose another address"))
}

fn limits(args: &QueueArgs) -> Limits {
    Limits {
        batch_rows: args.batch_rows,
        waiting_rows: args.queue_rows,
        waiting_bytes: args.queue_mib.saturating_mul(MIB),
    }
}

fn router(server: &Server, registry: Registry, security: &SecurityArgs) -> Router {
    let longest = server.patience + Duration::from_secs(5);
    let limits = BodyLimits {
        json_bytes: server.body_bytes,
        json_bytes_in_flight: server.body_bytes.saturating_mul(BODIES),
    };
    with_layers(
        server.routes().merge(metrics::routes(registry)),
        WebConfig {
            ids: Arc::new(RandomIds),
            limits,
            timeout: longest,
            static_prefix: StaticPrefix::default(),
            security: config::browser_guards(security),
            metrics: None,
        },
    )
}
