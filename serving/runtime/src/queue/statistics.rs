//! What a model has done since it was loaded.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of a model, as Triton's statistics extension tells them.
#[derive(Debug, Default)]
pub struct Statistics {
    n_requests: AtomicU64,
    n_failures: AtomicU64,
    n_rows: AtomicU64,
    n_executions: AtomicU64,
    queue_ns: AtomicU64,
    compute_ns: AtomicU64,
    fail_ns: AtomicU64,
    /// How long engines took for all batches.
    busy_ns: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were answered with predictions.
    pub n_requests: u64,
    /// Requests that were not.
    pub n_failures: u64,
    /// Rows that were scored.
    pub n_rows: u64,
    /// Batches that engines ran.
    pub n_executions: u64,
    /// How long requests waited, all together.
    pub queue_ns: u64,
    /// How long engines took, for each request that was in the batch.
    pub compute_ns: u64,
    /// How long requests took that failed.
    pub fail_ns: u64,
}

impl Statistics {
    pub(super) fn executed(&self, n_rows: usize, took: Duration) {
        add(&self.n_executions, 1);
        add(&self.n_rows, n_rows as u64);
        add(&self.busy_ns, nanos(took));
    }

    pub(super) fn succeeded(&self, queued: Duration, computed: Duration) {
        add(&self.n_requests, 1);
        add(&self.queue_ns, nanos(queued));
        add(&self.compute_ns, nanos(computed));
    }

    pub(super) fn failed(&self, took: Duration) {
        add(&self.n_failures, 1);
        add(&self.fail_ns, nanos(took));
    }

    /// The counters now; they are not read at one moment.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            n_requests: read(&self.n_requests),
            n_failures: read(&self.n_failures),
            n_rows: read(&self.n_rows),
            n_executions: read(&self.n_executions),
            queue_ns: read(&self.queue_ns),
            compute_ns: read(&self.compute_ns),
            fail_ns: read(&self.fail_ns),
        }
    }

    /// How long a row takes on average.
    pub(super) fn row_time(&self) -> Duration {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Duration::from_nanos(read(&self.busy_ns) / read(&self.n_rows).max(1))
    }
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
