//! Whether the lanes of a model have engines.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lanes without an engine.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<BTreeMap<usize, Absence>>);

/// Why a lane has no engine.
#[derive(Debug)]
enum Absence {
    /// One is being opened, and was not tried in vain yet: whoever comes may wait for it.
    Opening,
    /// None could be opened.
    Failed(String),
}

impl Health {
    /// An engine is gone, and another is opened.
    pub(super) fn opening(&self, lane: usize) {
        self.lock().entry(lane).or_insert(Absence::Opening);
    }

    /// One engine after the other is gone: whoever comes need not wait.
    pub(super) fn failing(&self, lane: usize) {
        let mut absent = self.lock();
        if let Some(absence @ Absence::Opening) = absent.get_mut(&lane) {
            *absence = Absence::Failed("its engine was lost several times in a row".to_owned());
        }
    }

    /// No engine can be opened.
    pub(super) fn failed(&self, lane: usize, reason: String) {
        self.lock().insert(lane, Absence::Failed(reason));
    }

    pub(super) fn recovered(&self, lane: usize) {
        self.lock().remove(&lane);
    }

    /// Why it is of no use to wait for a lane; none while one has its engine or may get it.
    pub(super) fn trouble(&self, n_lanes: usize) -> Option<String> {
        let absent = self.lock();
        let reasons = absent.values().filter_map(|absence| match absence {
            Absence::Opening => None,
            Absence::Failed(reason) => Some(reason),
        });
        let reasons: Vec<&String> = reasons.collect();
        reasons.first().filter(|_| reasons.len() >= n_lanes).map(|reason| (*reason).clone())
    }

    /// Why nothing can be scored now; none while a lane has its engine.
    pub(super) fn absence(&self, n_lanes: usize) -> Option<String> {
        let is_absent = self.lock().len() >= n_lanes;
        is_absent.then(|| {
            self.trouble(n_lanes).unwrap_or_else(|| "its engine was lost, and another is started".to_owned())
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Absence>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
