//! Who decides what becomes of a request: its lane, which has an answer, or its caller, who leaves.
//!
//! Whoever comes first decides and counts, and the other one finds it decided. So each request is counted once, also where
//! both come at the same moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Of one request; lane and caller each hold a clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome(Arc<AtomicBool>);

impl Outcome {
    /// Whether it is the one who asks that decides; true once.
    pub(super) fn decide(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// Whether nobody has decided yet.
    pub(super) fn is_open(&self) -> bool {
        !self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_decides() {
        let (lane, caller) = {
            let outcome = Outcome::default();
            (outcome.clone(), outcome)
        };
        assert!(lane.is_open() && caller.is_open());
        assert!(caller.decide());
        assert!(!lane.decide() && !caller.decide());
        assert!(!lane.is_open());
    }
}
