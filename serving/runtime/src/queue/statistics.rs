//! What a model has done since it was warm, in the numbers of Triton's statistics extension.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_core::clock::Clock;

use super::entry::Compute;

/// Batches of more rows are not counted by their exact size.
const MAX_EXACT: usize = 256;

/// Counters of a model.
pub struct Statistics {
    counts: Mutex<Counts>,
    clock: Arc<dyn Clock>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// When the last batch was scored, in ms since the epoch; 0 for never.
    pub last_inference_ms: i64,
    /// Rows that were scored.
    pub n_rows: u64,
    /// Batches that engines ran.
    pub n_executions: u64,
    /// Requests that were answered with predictions, from first to last.
    pub success: TimeSum,
    /// Requests that were not.
    pub fail: TimeSum,
    /// The part of `success` that passed before a lane was free.
    pub queue: TimeSum,
    /// What the batches took; it counts in full for each request of a batch.
    pub compute: ComputeSums,
    /// The same by the number of rows of a batch, once for each batch. Sizes beyond 256 are told as the next power of two,
    /// so that there are few.
    pub batches: BTreeMap<usize, ComputeSums>,
    /// How long engines took for all batches.
    busy: Duration,
}

/// Where the time of batches went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ComputeSums {
    /// Putting requests together.
    pub input: TimeSum,
    /// In engines.
    pub infer: TimeSum,
    /// Parting predictions.
    pub output: TimeSum,
}

/// How often something was done, and how long that took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeSum {
    /// Times.
    pub count: u64,
    /// Nanoseconds of all together.
    pub total_ns: u64,
}

impl TimeSum {
    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.total_ns = self.total_ns.saturating_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }
}

impl ComputeSums {
    fn add(&mut self, took: Compute) {
        self.input.add(took.input);
        self.infer.add(took.infer);
        self.output.add(took.output);
    }
}

impl Statistics {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Statistics { counts: Mutex::default(), clock }
    }

    /// A batch was scored.
    pub(super) fn executed(&self, n_rows: usize, took: Compute) {
        let now_ms = self.clock.now_ms();
        let mut counts = self.lock();
        // The clock may be set back.
        counts.last_inference_ms = counts.last_inference_ms.max(now_ms);
        counts.n_executions += 1;
        counts.n_rows += n_rows as u64;
        counts.busy += took.infer;
        let size = if n_rows <= MAX_EXACT { n_rows } else { n_rows.next_power_of_two() };
        counts.batches.entry(size).or_default().add(took);
    }

    /// A request was answered.
    pub(super) fn succeeded(&self, queued: Duration, took: Compute) {
        let mut counts = self.lock();
        counts.success.add(queued + took.total());
        counts.queue.add(queued);
        counts.compute.add(took);
    }

    pub(super) fn failed(&self, took: Duration) {
        self.lock().fail.add(took);
    }

    /// Forgets what was counted, as after a warm-up, which nobody asked for.
    pub(crate) fn reset(&self) {
        *self.lock() = Counts::default();
    }

    /// Batches that engines ran.
    pub(crate) fn n_executions(&self) -> u64 {
        self.lock().n_executions
    }

    /// The counters now.
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    /// How long a row takes on average.
    pub(super) fn row_time(&self) -> Duration {
        let counts = self.lock();
        let n_rows = u32::try_from(counts.n_rows.max(1)).unwrap_or(u32::MAX);
        counts.busy / n_rows
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Nothing that holds the lock can leave it half changed.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use forebay_core::clock::FixedClock;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn batches_are_counted_by_size_and_requests_one_by_one() {
        let clock = Arc::new(FixedClock::new(5));
        let statistics = Statistics::new(clock.clone());
        let took = Compute { input: MS, infer: 2 * MS, output: MS };
        for _ in 0..2 {
            statistics.executed(3, took);
        }
        clock.set(4);
        statistics.executed(1, took);
        statistics.succeeded(MS, took);
        statistics.failed(MS);
        let counts = statistics.counts();
        let sum = |count: u64, ms: u64| TimeSum { count, total_ns: ms * 1_000_000 };
        assert_eq!((counts.last_inference_ms, counts.n_rows, counts.n_executions), (5, 7, 3));
        assert_eq!((counts.success, counts.queue, counts.fail), (sum(1, 5), sum(1, 1), sum(1, 1)));
        assert_eq!(counts.compute, ComputeSums { input: sum(1, 1), infer: sum(1, 2), output: sum(1, 1) });
        assert_eq!(counts.batches.keys().collect::<Vec<_>>(), [&1, &3]);
        assert_eq!(counts.batches[&3].infer, sum(2, 4));
        assert_eq!(statistics.row_time(), 6 * MS / 7);
        statistics.reset();
        assert_eq!(statistics.counts(), Counts::default());
    }
}
