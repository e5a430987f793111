//! How many rows of a large batch a model scores fastest at once. Trees like about a hundred, which stay in the cache;
//! a matrix product likes thousands.
//!
//! It is measured on the batches that come: the first of them are cut into pieces of each length in turn. Nothing is
//! computed for the measurement alone.

use std::time::Duration;

/// Lengths that are tried.
const LENGTHS: [usize; 4] = [96, 384, 1536, 6144];

/// Pieces of each length before it is judged; the fastest of them counts, since the first one warms up.
const N_TRIES: usize = 3;

/// What was measured so far.
#[derive(Debug, Default)]
pub(super) struct Pace {
    tries: [Try; LENGTHS.len()],
}

#[derive(Debug, Clone, Copy)]
struct Try {
    n_tries: usize,
    /// The fastest.
    ns_per_row: f64,
}

impl Default for Try {
    fn default() -> Self {
        Try { n_tries: 0, ns_per_row: f64::INFINITY }
    }
}

impl Pace {
    /// How many of the rows that are left to score next.
    pub(super) fn next(&self, n_left: usize) -> usize {
        if n_left < 2 * LENGTHS[0] {
            return n_left;
        }
        let mut best = (LENGTHS[0], f64::INFINITY);
        for (length, tried) in LENGTHS.into_iter().zip(&self.tries) {
            if tried.n_tries < N_TRIES && length <= n_left {
                return length;
            }
            if tried.ns_per_row < best.1 {
                best = (length, tried.ns_per_row);
            }
        }
        best.0.min(n_left)
    }

    /// Takes note of how long so many rows took.
    pub(super) fn record(&mut self, n_rows: usize, took: Duration) {
        let Some(index) = LENGTHS.iter().position(|length| *length == n_rows) else { return };
        let tried = &mut self.tries[index];
        if tried.n_tries < N_TRIES {
            tried.n_tries += 1;
            #[expect(clippy::cast_precision_loss, reason = "thousands of rows")]
            let ns_per_row = took.as_secs_f64() * 1e9 / n_rows as f64;
            tried.ns_per_row = tried.ns_per_row.min(ns_per_row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores batches with a model that needs so many nanoseconds for a row in a piece of each length.
    fn pieces(pace: &mut Pace, n_rows: usize, ns_per_row: impl Fn(usize) -> u64) -> Vec<usize> {
        let (mut left, mut pieces) = (n_rows, Vec::new());
        while left > 0 {
            let length = pace.next(left);
            pace.record(length, Duration::from_nanos(ns_per_row(length) * length as u64));
            pieces.push(length);
            left -= length;
        }
        pieces
    }

    #[test]
    fn the_fastest_length_is_found_and_kept() {
        let trees = |length| if length <= 400 { 50 } else { 100 };
        let mut pace = Pace::default();
        let first = pieces(&mut pace, 10_000, trees);
        assert_eq!(first[..9], [96, 96, 96, 384, 384, 384, 1536, 1536, 1536]);
        assert_eq!(first.iter().sum::<usize>(), 10_000);
        assert_eq!(pieces(&mut pace, 200, trees), [96, 104]);
        let product = |length: usize| 10_000 / length as u64;
        let mut pace = Pace::default();
        pieces(&mut pace, 100_000, product);
        assert_eq!(pieces(&mut pace, 12_288, product), [6144, 6144]);
    }

    #[test]
    fn small_batches_are_not_cut() {
        let pace = Pace::default();
        assert_eq!(pace.next(0), 0);
        assert_eq!(pace.next(1), 1);
        assert_eq!(pace.next(191), 191);
    }
}
