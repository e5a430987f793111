//! How far long work is, on standard error while it runs: a bar on a terminal, a line every few seconds elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often the work is looked at, and the bar drawn.
const LOOK: Duration = Duration::from_millis(200);

/// How often there is a line.
const LINE: Duration = Duration::from_secs(5);

/// What is to be shown of some work.
pub(crate) trait Show: Send + 'static {
    /// Looks how far it is; before each drawing, and as often where nothing is drawn.
    fn look(&mut self) {}

    /// Brings the bar to where the work is.
    fn draw(&mut self, bar: &ProgressBar);

    /// The same as a line; none before there is something to say.
    fn line(&self) -> Option<String>;
}

/// Shows some work until it is dropped.
pub(crate) struct Shown {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    pub(crate) fn start(work: impl Show) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            if io::stderr().is_terminal() {
                draw(work, &over);
            } else {
                print(work, &over);
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

/// Gives a bar another look. Templates are ours, so one that cannot be read changes nothing.
pub(crate) fn dress(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

fn draw(mut work: impl Show, is_over: &AtomicBool) {
    let bar = ProgressBar::no_length();
    while !is_over.load(Ordering::Relaxed) {
        work.look();
        work.draw(&bar);
        thread::park_timeout(LOOK);
    }
    bar.finish_and_clear();
}

fn print(mut work: impl Show, is_over: &AtomicBool) {
    let mut next = Instant::now() + LINE;
    while !is_over.load(Ordering::Relaxed) {
        work.look();
        if Instant::now() >= next {
            next += LINE;
            if let Some(line) = work.line() {
                eprintln!("{line}");
            }
        }
        thread::park_timeout(LOOK);
    }
}
