//! Whether PostgreSQL still answers.
//!
//! A statement may take minutes and be alright, so no time limit tells a slow one from a server that is frozen or
//! behind a dead line. A second connection does: who waits long for a statement asks for one, and gives up when that
//! gets no answer either.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

/// How long to wait before asking, how long for the answer, and how long that answer counts.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pulse of one server.
pub(crate) struct Pulse {
    connect: PgConnectOptions,
    beats: AtomicBool,
    /// When it was last felt for. Locked while somebody does, and the others take over what was found.
    felt: Mutex<Option<Instant>>,
}

impl Pulse {
    pub(crate) fn new(connect: PgConnectOptions) -> Self {
        Self { connect, beats: AtomicBool::new(true), felt: Mutex::new(None) }
    }

    /// Whether the server answered when it was last asked.
    pub(crate) fn beats(&self) -> bool {
        self.beats.load(Ordering::Relaxed)
    }

    /// Does `work`, but not after the server stopped answering.
    pub(crate) async fn watch<T, E: From<sqlx::Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        tokio::select! {
            biased;
            done = work => done,
            () = self.stops() => {
                let silence = io::Error::new(io::ErrorKind::TimedOut, "the server does not answer");
                Err(sqlx::Error::Io(silence).into())
            }
        }
    }

    async fn stops(&self) {
        loop {
            sleep(PATIENCE).await;
            if !self.feel().await {
                return;
            }
        }
    }

    async fn feel(&self) -> bool {
        let mut felt = self.felt.lock().await;
        if felt.is_none_or(|at| at.elapsed() >= PATIENCE) {
            // Rarely needed and large, so it has no place in every future that is watched.
            let connect = Box::pin(PgConnection::connect_with(&self.connect));
            let answer = timeout(PATIENCE, connect).await;
            // A server that refuses to be asked has answered.
            let beats = matches!(answer, Ok(Ok(_) | Err(sqlx::Error::Database(_))));
            self.beats.store(beats, Ordering::Relaxed);
            *felt = Some(Instant::now());
        }
        self.beats()
    }
}
