//! What is shown of a job while it runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_batch::{Counters, Plan};
use indicatif::ProgressBar;

use crate::shell::shown::{Show, Shown, dress};

const KNOWN: &str = "{bar:40} {human_pos} of {human_len} rows, {per_sec}, {eta} left{msg}";
const UNKNOWN: &str = "{spinner} {human_pos} rows, {per_sec}{msg}";
const LOADING: &str = "{spinner} {msg}";

/// Until each lane has its model. A Python takes seconds to start, and as long as it likes to load one.
const BEING_LOADED: &str = "the model is being loaded";

/// Until the first rows of this try are done: a figure would tell nothing.
const FIRST_ROWS: &str = "the first rows are being scored";

/// Begins to show how far `counters` are.
pub(super) fn start(plan: &Plan, counters: &Arc<Counters>) -> Shown {
    let counters = Arc::clone(counters);
    Shown::start(Job { n_rows: plan.n_rows, counters, begin: None, template: None })
}

struct Job {
    n_rows: Option<u64>,
    counters: Arc<Counters>,
    /// Since when rows are scored, and how many were done before; none while the model is being loaded.
    begin: Option<(Instant, u64)>,
    /// How the bar looks.
    template: Option<&'static str>,
}

impl Show for Job {
    fn look(&mut self) {
        if self.begin.is_none() && self.counters.is_loaded() {
            self.begin = Some((Instant::now(), self.counters.n_done()));
        }
    }

    fn draw(&mut self, bar: &ProgressBar) {
        let template = match (self.begin, self.n_rows) {
            (None, _) => LOADING,
            (Some(_), Some(_)) => KNOWN,
            (Some(_), None) => UNKNOWN,
        };
        if self.template != Some(template) {
            self.template = Some(template);
            dress(bar, template);
            bar.set_message(if self.begin.is_none() { BEING_LOADED } else { "" });
            // The rate is that of this try.
            bar.set_position(self.counters.n_done());
            bar.reset_eta();
        }
        if self.begin.is_none() {
            bar.tick();
        } else {
            self.advance(bar);
        }
    }

    fn line(&self) -> Option<String> {
        let Some((begin, n_before)) = self.begin else { return Some(BEING_LOADED.to_owned()) };
        let (n_done, n_rejected) = (self.counters.n_done(), self.counters.n_rejected());
        if n_done == n_before {
            return Some(FIRST_ROWS.to_owned());
        }
        let rate = rate(n_done.saturating_sub(n_before), begin.elapsed());
        Some(line(self.n_rows, n_done, n_rejected, rate))
    }
}

impl Job {
    fn advance(&self, bar: &ProgressBar) {
        let n_done = self.counters.n_done();
        if let Some(n_rows) = self.n_rows {
            bar.set_length(n_rows.max(n_done));
        }
        bar.set_position(n_done);
        match self.counters.n_rejected() {
            0 => {}
            n_rejected => bar.set_message(format!(", {n_rejected} rejected")),
        }
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
    use super::*;

    #[test]
    fn a_line_tells_rate_and_remaining_time() {
        assert_eq!(line(Some(4_000), 1_000, 0, 500.0), "1000 of 4000 rows, 500 rows/s, 6 s left");
        assert_eq!(line(None, 1_000, 2, 500.0), "1000 rows, 500 rows/s, 2 rejected");
        assert_eq!(line(Some(10), 0, 0, 0.0), "0 of 10 rows, 0 rows/s");
    }

    #[test]
    fn a_line_before_the_first_row_of_a_try_has_no_figures() {
        let mut job = Job { n_rows: Some(278), counters: Arc::default(), begin: None, template: None };
        assert_eq!(job.line().as_deref(), Some(BEING_LOADED));
        job.begin = Some((Instant::now(), 0));
        assert_eq!(job.line().as_deref(), Some(FIRST_ROWS));
    }
}
