//! Whether the lanes of a model have engines.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Lanes without an engine, each with the reason.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<BTreeMap<usize, String>>);

impl Health {
    pub(super) fn lost(&self, lane: usize, reason: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, reason);
    }

    pub(super) fn recovered(&self, lane: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&lane);
    }

    /// Why nothing can be scored now; none while a lane has its engine.
    pub(super) fn trouble(&self, n_lanes: usize) -> Option<String> {
        let lost = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (lost.len() >= n_lanes).then(|| lost.values().next().cloned()).flatten()
    }
}
