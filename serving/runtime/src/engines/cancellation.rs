//! The word that nobody waits for what an engine computes, and how an engine hears it.
//!
//! An engine that computes in steps asks between them. One that waits for a library or for a process says what ends that.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::EngineError;

/// Of one `score`: whoever asked for it holds a clone, and may cancel it from any thread. The default is never cancelled.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<Mutex<State>>);

#[derive(Debug)]
enum State {
    Wanted(Option<Stop>),
    Cancelled,
}

/// What ends the work of an engine.
struct Stop(Box<dyn FnOnce() + Send>);

impl Default for State {
    fn default() -> Self {
        State::Wanted(None)
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}

impl Cancellation {
    /// Says that nobody waits any more, and ends what can be ended.
    pub fn cancel(&self) {
        let before = std::mem::replace(&mut *self.lock(), State::Cancelled);
        if let State::Wanted(Some(Stop(stop))) = before {
            stop();
        }
    }

    /// Gives an error when nobody waits any more.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        match *self.lock() {
            State::Wanted(_) => Ok(()),
            State::Cancelled => Err(EngineError::Failed("nobody waits for it any more".to_owned())),
        }
    }

    /// Has `stop` called when it is cancelled: at once, if that is over. It takes the place of the one that was told before.
    pub(crate) fn stop_with(&self, stop: impl FnOnce() + Send + 'static) {
        let mut state = self.lock();
        match &mut *state {
            State::Wanted(told) => *told = Some(Stop(Box::new(stop))),
            State::Cancelled => {
                drop(state);
                stop();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_stops_the_work_is_called_once_whether_it_is_told_before_or_after() {
        let n_stops = Arc::new(AtomicUsize::new(0));
        let stop = || {
            let n_stops = Arc::clone(&n_stops);
            move || {
                n_stops.fetch_add(1, Ordering::Relaxed);
            }
        };
        let cancellation = Cancellation::default();
        cancellation.stop_with(stop());
        assert_eq!((cancellation.check(), n_stops.load(Ordering::Relaxed)), (Ok(()), 0));
        cancellation.cancel();
        cancellation.clone().cancel();
        assert_eq!(n_stops.load(Ordering::Relaxed), 1);
        assert!(cancellation.check().is_err());
        cancellation.stop_with(stop());
        assert_eq!(n_stops.load(Ordering::Relaxed), 2);
    }
}
