//! How far a build is: a bar on a terminal, a line every few seconds elsewhere. Both are on standard error.

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use forebay_features::{Progress, Step};
use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar is drawn.
const DRAW: Duration = Duration::from_millis(200);

/// How often there is a line.
const LINE: Duration = Duration::from_secs(5);

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

/// Shows a position until it is dropped.
pub(super) struct Shown {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    pub(super) fn start(position: &Arc<Position>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (position, over) = (Arc::clone(position), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            if io::stderr().is_terminal() {
                draw(&position, &over);
            } else {
                print(&position, &over);
            }
        });
        Shown { is_over, thread: Some(thread) }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn draw(position: &Position, is_over: &AtomicBool) {
    let bar = ProgressBar::no_length();
    let mut shown = String::new();
    while !is_over.load(Ordering::Relaxed) {
        if let Some((step, done, of)) = position.now() {
            if step != shown {
                if let Ok(style) = ProgressStyle::with_template(if of.is_some() { KNOWN } else { UNKNOWN }) {
                    bar.set_style(style);
                }
                bar.reset();
                bar.set_message(step.clone());
                shown = step;
            }
            if let Some(of) = of {
                bar.set_length(of.max(done));
            }
            bar.set_position(done);
        }
        thread::park_timeout(DRAW);
    }
    bar.finish_and_clear();
}

fn print(position: &Position, is_over: &AtomicBool) {
    loop {
        let next = Instant::now() + LINE;
        while Instant::now() < next {
            thread::park_timeout(next.saturating_duration_since(Instant::now()));
            if is_over.load(Ordering::Relaxed) {
                return;
            }
        }
        if let Some((step, done, of)) = position.now() {
            eprintln!("{}", line(&step, done, of));
        }
    }
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
