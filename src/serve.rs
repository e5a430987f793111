//! Connections: each has a task of its own, a bound on how long a request's head may take, and an end.

use std::io;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// How long a connection may take to send the head of its next request; one that sends nothing is closed too.
const HEAD: Duration = Duration::from_mins(1);

/// How long to wait before accepting again when the system has no file descriptors left.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves `router` until `stop` resolves, then lets running requests finish.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let connections = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                pause_if_exhausted(&error).await;
                continue;
            }
        };
        // An answer is written whole; waiting for more would only delay it.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// A caller that hung up before it was accepted is its own affair; a system without descriptors needs a rest.
async fn pause_if_exhausted(error: &io::Error) {
    let hung_up = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    if !hung_up.contains(&error.kind()) {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(PAUSE).await;
    }
}
