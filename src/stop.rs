//! When a server ends: the first SIGTERM or Ctrl-C lets running requests finish, the second lets nothing.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long running requests may take to finish: less than supervisors wait before they kill.
const DRAIN: Duration = Duration::from_secs(25);

/// SIGTERM and Ctrl-C, from the moment this is made.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Takes the signals from the system, which would end the process at once.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Resolves at the first signal.
    pub(crate) async fn first(mut self) {
        self.next().await;
    }

    /// Resolves at the second signal, or when the first was long ago.
    pub(crate) async fn end_of_patience(mut self) {
        self.next().await;
        tracing::info!("stopping once running requests are answered; signal again to stop at once");
        let _ = tokio::time::timeout(DRAIN, self.next()).await;
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
