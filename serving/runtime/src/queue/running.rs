//! What a lane is busy with, so that work which nobody waits for any more can be stopped.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engines::Stopper;

/// The requests in a lane, and what stops its engine.
#[derive(Default)]
pub(super) struct Running(Mutex<Option<Batch>>);

struct Batch {
    wanted: Vec<u64>,
    stopper: Option<Box<dyn Stopper>>,
}

impl Running {
    pub(super) fn begin(&self, ids: Vec<u64>, stopper: Option<Box<dyn Stopper>>) {
        *self.lock() = Some(Batch { wanted: ids, stopper });
    }

    /// Whether anybody still waits for what was begun.
    pub(super) fn end(&self) -> bool {
        self.lock().take().is_some_and(|batch| !batch.wanted.is_empty())
    }

    /// Notes that the caller of a request is gone; when it was the last one of its batch, the engine is stopped if it can
    /// be.
    pub(super) fn abandon(&self, id: u64) {
        let mut running = self.lock();
        let Some(batch) = running.as_mut().filter(|batch| batch.wanted.contains(&id)) else { return };
        batch.wanted.retain(|wanted| *wanted != id);
        if batch.wanted.is_empty()
            && let Some(stopper) = &batch.stopper
        {
            stopper.stop();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Batch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
