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
        let turn = Arc::clone(&self.0).acquire_owned().await.ok();
        // The thread has it: it goes on when nobody waits for it any more.
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::Broken)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn who_hangs_up_keeps_its_turn_for_as_long_as_its_thread_works() {
        let opening = Opening::new();
        let (tell, told) = channel();
        let (finish, wait) = channel::<()>();
        let of_thread = opening.clone();
        let asked = tokio::spawn(async move {
            of_thread
                .run(move || {
                    tell.send(()).unwrap();
                    wait.recv()
                })
                .await
        });
        let at_work = tokio::task::spawn_blocking(move || told.recv()).await.unwrap();
        asked.abort();
        assert!(at_work.is_ok() && asked.await.unwrap_err().is_cancelled());
        assert_eq!(opening.0.available_permits(), AT_ONCE - 1);
        finish.send(()).unwrap();
        let all = opening.0.acquire_many(u32::try_from(AT_ONCE).unwrap()).await;
        assert!(all.is_ok());
    }
}
