//! Threads on which tables are opened: a few at a time, so that slow places cost no more than themselves.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{Error, Result};

/// How many requests look at tables at once; others wait for their turn.
const AT_ONCE: usize = 4;

/// Turns of looking at tables. Cloning it is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Opening(Arc<Semaphore>);

impl Opening {
    pub(crate) fn new() -> Self {
        Opening(Arc::new(Semaphore::new(AT_ONCE)))
    }

    /// Runs what waits for files and networks on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Broken`] when it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        // The semaphore is never closed.
        let _turn = self.0.acquire().await.ok();
        tokio::task::spawn_blocking(work).await.map_err(Error::Broken)
    }
}
