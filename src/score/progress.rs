//! How far a job is: a bar on a terminal, a line every few seconds elsewhere. Both are on standard error.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use forebay_batch::{Counters, Plan};
use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar is drawn.
const DRAW: Duration = Duration::from_millis(200);

/// How often there is a line.
const LINE: Duration = Duration::from_secs(5);

const KNOWN: &str = "{bar:40} {human_pos} of {human_len} rows, {per_sec}, {eta} left{msg}";
const UNKNOWN: &str = "{spinner} {human_pos} rows, {per_sec}{msg}";
const LOADING: &str = "{spinner} {msg}";

/// Until each lane has its model. A Python takes seconds to start, and as long as it likes to load one.
const BEING_LOADED: &str = "the model is being loaded";

/// Shows how far a job is until it is dropped.
pub(super) struct Progress {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins to show how far `counters` are.
    pub(super) fn start(plan: &Plan, counters: &Arc<Counters>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (n_rows, counters, over) = (plan.n_rows, Arc::clone(counters), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            if io::stderr().is_terminal() {
                draw(n_rows, &counters, &over);
            } else {
                print(n_rows, &counters, &over);
            }
        });
        Progress { is_over, thread: Some(thread) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn draw(n_rows: Option<u64>, counters: &Counters, is_over: &AtomicBool) {
    let (bar, template) = match n_rows {
        Some(n_rows) => (ProgressBar::new(n_rows), KNOWN),
        None => (ProgressBar::no_length(), UNKNOWN),
    };
    dress(&bar, LOADING);
    bar.set_message(BEING_LOADED);
    while !is_over.load(Ordering::Relaxed) && !counters.is_loaded() {
        bar.tick();
        thread::park_timeout(DRAW);
    }
    bar.set_message("");
    dress(&bar, template);
    // The rate is that of this try.
    bar.set_position(counters.n_done());
    bar.reset_eta();
    while !is_over.load(Ordering::Relaxed) {
        let n_done = counters.n_done();
        if n_rows.is_some_and(|n_rows| n_done > n_rows) {
            bar.set_length(n_done);
        }
        bar.set_position(n_done);
        match counters.n_rejected() {
            0 => {}
            n_rejected => bar.set_message(format!(", {n_rejected} rejected")),
        }
        thread::park_timeout(DRAW);
    }
    bar.finish_and_clear();
}

fn dress(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

fn print(n_rows: Option<u64>, counters: &Counters, is_over: &AtomicBool) {
    let mut scoring = None;
    loop {
        let next = Instant::now() + LINE;
        while Instant::now() < next {
            // Time and rows count from when the model is there.
            if scoring.is_none() && counters.is_loaded() {
                scoring = Some((Instant::now(), counters.n_done()));
            }
            thread::park_timeout(DRAW.min(next.saturating_duration_since(Instant::now())));
            if is_over.load(Ordering::Relaxed) {
                return;
            }
        }
        let Some((begin, n_before)) = scoring else {
            eprintln!("{BEING_LOADED}");
            continue;
        };
        let (n_done, n_rejected) = (counters.n_done(), counters.n_rejected());
        eprintln!(
            "{}",
            line(n_rows, n_done, n_rejected, rate(n_done.saturating_sub(n_before), begin.elapsed()))
        );
    }
}

fn rate(n_rows: u64, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate is a figure for people")]
    let n_rows = n_rows as f64;
    n_rows / took.as_secs_f64().max(1e-9)
}

/// `1000 of 4000 rows, 500 rows/s, 6 s left`
fn line(n_rows: Option<u64>, n_done: u64, n_rejected: u64, rate: f64) -> String {
    let rejected = if n_rejected > 0 { format!(", {n_rejected} rejected") } else { String::new() };
    let Some(n_rows) = n_rows.map(|n_rows| n_rows.max(n_done)) else {
        return format!("{n_done} rows, {rate:.0} rows/s{rejected}");
    };
    #[expect(clippy::cast_precision_loss, reason = "whole seconds are shown")]
    let left = (n_rows - n_done) as f64 / rate.max(1e-9);
    let left = if rate > 0.0 { format!(", {left:.0} s left") } else { String::new() };
    format!("{n_done} of {n_rows} rows, {rate:.0} rows/s{left}{rejected}")
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_line_tells_rate_and_remaining_time() {
        assert_eq!(line(Some(4_000), 1_000, 0, 500.0), "1000 of 4000 rows, 500 rows/s, 6 s left");
        assert_eq!(line(None, 1_000, 2, 500.0), "1000 rows, 500 rows/s, 2 rejected");
        assert_eq!(line(Some(10), 0, 0, 0.0), "0 of 10 rows, 0 rows/s");
    }
}
