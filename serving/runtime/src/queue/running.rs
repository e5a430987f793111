//! What a lane is busy with, so that work which nobody waits for any more can be ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engines::cancellation::Cancellation;

/// The requests in a lane, and how their work is cancelled.
#[derive(Default)]
pub(super) struct Running(Mutex<Option<Batch>>);

struct Batch {
    wanted: Vec<u64>,
    cancellation: Cancellation,
}

impl Running {
    /// Notes what is begun; what is returned is cancelled when nobody waits for it any more.
    pub(super) fn begin(&self, ids: Vec<u64>) -> Cancellation {
        let cancellation = Cancellation::default();
        *self.lock() = Some(Batch { wanted: ids, cancellation: cancellation.clone() });
        cancellation
    }

    /// Whether anybody still waits for what was begun.
    pub(super) fn end(&self) -> bool {
        self.lock().take().is_some_and(|batch| !batch.wanted.is_empty())
    }

    /// Notes that the caller of a request is gone; when it was the last one of its batch, the work is cancelled.
    pub(super) fn abandon(&self, id: u64) {
        let unwanted = {
            let mut running = self.lock();
            let Some(batch) = running.as_mut().filter(|batch| batch.wanted.contains(&id)) else { return };
            batch.wanted.retain(|wanted| *wanted != id);
            batch.wanted.is_empty().then(|| batch.cancellation.clone())
        };
        if let Some(cancellation) = unwanted {
            cancellation.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Batch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
