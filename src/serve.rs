//! Connections: each has a task of its own, bounds on how long it may keep still, and an end.

pub(crate) mod listen;

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_io_timeout::TimeoutWriter;

use crate::seats::{Kind, Seats};

/// How long a connection may take to send the head of its next request; one that sends nothing is closed too.
const HEAD: Duration = Duration::from_mins(1);

/// How long a caller may take nothing of its answer before it counts as gone.
const MAX_SILENCE: Duration = Duration::from_mins(1);

/// As [`HEAD`], for a connection that is only to be told that there is no room.
const HEAD_WITHOUT_ROOM: Duration = Duration::from_secs(5);

/// How long the rest of a first head may take once the server stops.
const HEAD_AT_THE_END: Duration = Duration::from_secs(1);

/// How long to wait before accepting again when the system has no file descriptors left.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves `router` until `stop` resolves, then lets running requests finish. Connections for which there is no
/// seat are answered by `no_room`.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    no_room: Router,
    seats: Seats,
    stop: impl Future<Output = ()>,
) {
    let connections = GracefulShutdown::new();
    let (stopping, stopped) = watch::channel(());
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
        // Without any seat the connection is closed by dropping it.
        let Some(seat) = seats.take() else { continue };
        let (router, head) = match seat.kind {
            Kind::Served => (router.clone(), HEAD),
            Kind::NoRoom => (no_room.clone(), HEAD_WITHOUT_ROOM),
        };
        let (router, asked) = (TowerToHyperService::new(router), Arc::new(AtomicBool::new(false)));
        let unasked = ends_unasked(Arc::clone(&asked), stopped.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            router.call(request)
        });
        let connection = connections.watch(http(head).serve_connection(patient(stream), service));
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke");
                },
                () = unasked => {}
            }
            drop(seat);
        });
    }
    drop(listener);
    drop(stopping);
    connections.shutdown().await;
}

/// Resolves when the server stops and the connection has not asked for anything. Half a head would hold up the
/// end, for those who send the other half never.
async fn ends_unasked(asked: Arc<AtomicBool>, mut stopped: watch::Receiver<()>) {
    let _ = stopped.changed().await;
    tokio::time::sleep(HEAD_AT_THE_END).await;
    if asked.load(Ordering::Relaxed) {
        pending::<()>().await;
    }
}

fn http(head: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head);
    http
}

/// A stream that breaks when nothing can be written to it for long.
fn patient(stream: TcpStream) -> TokioIo<Pin<Box<TimeoutWriter<TcpStream>>>> {
    // An answer is written whole; waiting for more would only delay it.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(MAX_SILENCE));
    TokioIo::new(Box::pin(stream))
}

/// A caller that hung up before it was accepted is its own affair; a system without descriptors needs a rest.
async fn pause_if_exhausted(error: &io::Error) {
    let hung_up = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    if !hung_up.contains(&error.kind()) {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests;
