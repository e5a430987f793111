//! What is shown of a build while it runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use forebay_features::{Progress, Step};
use indicatif::ProgressBar;

use crate::shell::shown::{Show, Shown, dress};

/// Where a build is. It is told often, and holds the lock for no more than a comparison.
#[derive(Default)]
pub(super) struct Position {
    step: Mutex<Option<(Begun, Option<u64>)>>,
    done: AtomicU64,
    is_cancelled: AtomicBool,
}

/// A step that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Begun {
    Spine,
    View(String),
    Parts,
    Write,
}

impl Position {
    /// Lets the build end soon.
    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// What is done, how much of it, and of how much.
    fn now(&self) -> Option<(Begun, u64, Option<u64>)> {
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner).clone();
        step.map(|(step, of)| (step, self.done.load(Ordering::Relaxed), of))
    }
}

impl Progress for Position {
    fn at(&self, step: Step<'_>, done: u64, of: Option<u64>) {
        let mut known = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_some_and(|(known, _)| known.is(step)) {
            self.done.fetch_max(done, Ordering::Relaxed);
        } else {
            *known = Some((Begun::of(step), of));
            self.done.store(done, Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

impl Begun {
    fn of(step: Step<'_>) -> Self {
        match step {
            Step::Spine => Begun::Spine,
            Step::View(view) => Begun::View(view.to_owned()),
            Step::Parts => Begun::Parts,
            Step::Write => Begun::Write,
        }
    }

    fn is(&self, step: Step<'_>) -> bool {
        match (self, step) {
            (Begun::View(known), Step::View(view)) => known == view,
            (Begun::Spine, Step::Spine) | (Begun::Parts, Step::Parts) | (Begun::Write, Step::Write) => true,
            _ => false,
        }
    }

    fn name(&self) -> String {
        match self {
            Begun::Spine => "reading the spine:".to_owned(),
            Begun::View(view) => format!("reading {view}:"),
            Begun::Parts => "joining in parts:".to_owned(),
            Begun::Write => "writing:".to_owned(),
        }
    }

    /// What is counted.
    fn unit(&self) -> &'static str {
        match self {
            Begun::Parts => "parts",
            Begun::Spine | Begun::View(_) | Begun::Write => "rows",
        }
    }

    /// How the bar looks, where it is known how much there is, and where it is not.
    fn template(&self, is_known: bool) -> String {
        let unit = self.unit();
        if is_known {
            format!("{{msg}} {{bar:40}} {{human_pos}} of {{human_len}} {unit}, {{per_sec}}, {{eta}} left")
        } else {
            format!("{{msg}} {{spinner}} {{human_pos}} {unit}, {{per_sec}}")
        }
    }
}

/// A position that is shown.
struct Build {
    position: Arc<Position>,
    /// The step that the bar shows.
    step: Option<Begun>,
}

impl Show for Build {
    fn draw(&mut self, bar: &ProgressBar) {
        let Some((step, done, of)) = self.position.now() else { return };
        if self.step.as_ref() != Some(&step) {
            dress(bar, &step.template(of.is_some()));
            bar.reset();
            bar.set_message(step.name());
            self.step = Some(step);
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
    Shown::start(Build { position: Arc::clone(position), step: None })
}

/// `reading weather: 1000 of 4000 rows`
fn line(step: &Begun, done: u64, of: Option<u64>) -> String {
    let (name, unit) = (step.name(), step.unit());
    match of {
        Some(of) => format!("{name} {done} of {} {unit}", of.max(done)),
        None => format!("{name} {done} {unit}"),
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
        position.at(Step::Parts, 3, Some(64));
        let (step, done, of) = position.now().unwrap();
        assert_eq!(line(&step, done, of), "joining in parts: 3 of 64 parts");
        assert!(!position.is_cancelled());
        position.cancel();
        assert!(position.is_cancelled());
    }
}
