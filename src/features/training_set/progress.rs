//! What is shown of a build while it runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use forebay_features::{Progress, Step};
use indicatif::ProgressBar;

use crate::shown::{Show, Shown, dress};

const KNOWN: &str = "{msg} {bar:40} {human_pos} of {human_len} rows, {per_sec}, {eta} left";
const UNKNOWN: &str = "{msg} {spinner} {human_pos} rows, {per_sec}";

/// Where a build is. It is told often, so what changes rarely is behind a lock that is rarely taken to write.
#[derive(Default)]
pub(super) struct Position {
    step: Mutex<Option<(String, Option<u64>)>>,
    done: AtomicU64,
    is_cancelled: AtomicBool,
}

impl Position {
    /// Lets the build end soon.
    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// What is done, how many rows of it, and of how many.
    fn now(&self) -> Option<(String, u64, Option<u64>)> {
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner).clone();
        step.map(|(name, of)| (name, self.done.load(Ordering::Relaxed), of))
    }
}

impl Progress for Position {
    fn at(&self, step: Step<'_>, done: u64, of: Option<u64>) {
        let mut known = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name(step);
        if known.as_ref().is_none_or(|(known, _)| *known != name) {
            *known = Some((name, of));
            self.done.store(done, Ordering::Relaxed);
        } else {
            self.done.fetch_max(done, Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

fn name(step: Step<'_>) -> String {
    match step {
        Step::Spine => "reading the spine:".to_owned(),
        Step::View(view) => format!("reading {view}:"),
        Step::Parts => "joining in parts:".to_owned(),
        Step::Write => "writing:".to_owned(),
    }
}

/// A position that is shown.
struct Build {
    position: Arc<Position>,
    /// The step that the bar shows.
    step: String,
}

impl Show for Build {
    fn draw(&mut self, bar: &ProgressBar) {
        let Some((step, done, of)) = self.position.now() else { return };
        if step != self.step {
            dress(bar, if of.is_some() { KNOWN } else { UNKNOWN });
            bar.reset();
            bar.set_message(step.clone());
            self.step = step;
        }
        if let Some(of) = of {
            bar.set_length(of.max(done));
        }
        bar.set_position(done);
    }

    fn line(&self) -> Option<String> {
        self.position.now().map(|(step, done, of)| line(&step, done, of))
    }
}

/// Begins to show a position.
pub(super) fn start(position: &Arc<Position>) -> Shown {
    Shown::start(Build { position: Arc::clone(position), step: String::new() })
}

/// `reading weather: 1000 of 4000 rows`
fn line(step: &str, done: u64, of: Option<u64>) -> String {
    match of {
        Some(of) => format!("{step} {done} of {} rows", of.max(done)),
        None => format!("{step} {done} rows"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_the_furthest_of_its_step() {
        let position = Position::default();
        assert_eq!(position.now(), None);
        position.at(Step::View("weather"), 10, Some(20));
        position.at(Step::View("weather"), 5, Some(20));
        let (step, done, of) = position.now().unwrap();
        assert_eq!(line(&step, done, of), "reading weather: 10 of 20 rows");
        position.at(Step::Write, 1, None);
        let (step, done, of) = position.now().unwrap();
        assert_eq!(line(&step, done, of), "writing: 1 rows");
        assert!(!position.is_cancelled());
        position.cancel();
        assert!(position.is_cancelled());
    }
}
