//! How many rows a model likes at once: measured on the first rows of the table, since it differs by a factor of two and
//! more between models.

use std::time::{Duration, Instant};

use arrow::array::RecordBatch;

use crate::scorer::Scorer;

/// Sizes that are tried, the smallest first.
const CANDIDATES: [usize; 8] = [32, 64, 128, 256, 1_024, 2_048, 4_096, 16_384];

/// How long one size is tried.
const ROUND: Duration = Duration::from_millis(40);

/// A size that takes longer than this for one chunk is the last one: the model is slow, so that nothing else matters.
const SLOW: Duration = Duration::from_millis(500);

/// A larger size has to be that much faster than a smaller one.
const GAIN: f64 = 1.02;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    pub(crate) chunk_rows: usize,
    /// Of one lane.
    pub(crate) rows_per_second: f64,
}

/// Tries sizes on rows that can be scored; none where there are no such rows.
pub(crate) fn measure(scorer: &mut Scorer, sample: &RecordBatch) -> Option<Measured> {
    let first = sample.slice(0, sample.num_rows().min(CANDIDATES[0]));
    if first.num_rows() == 0 {
        return None;
    }
    // The first call of an engine sets things up.
    scorer.measure(&first).ok()?;
    let mut best: Option<Measured> = None;
    for (position, size) in CANDIDATES.into_iter().enumerate() {
        if position > 0 && size > sample.num_rows() {
            break;
        }
        let size = size.min(sample.num_rows());
        let Some(fastest) = fastest(scorer, sample, size) else { break };
        #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
        let rows_per_second = size as f64 / fastest.as_secs_f64().max(1e-9);
        if best.is_none_or(|best| rows_per_second > best.rows_per_second * GAIN) {
            best = Some(Measured { chunk_rows: size, rows_per_second });
        }
        if fastest > SLOW {
            break;
        }
    }
    best
}

/// The shortest time that a chunk of that size took.
fn fastest(scorer: &mut Scorer, sample: &RecordBatch, size: usize) -> Option<Duration> {
    let begin = Instant::now();
    let (mut fastest, mut start) = (None::<Duration>, 0);
    while fastest.is_none() || begin.elapsed() < ROUND {
        if start + size > sample.num_rows() {
            start = 0;
        }
        let chunk = sample.slice(start, size);
        let before = Instant::now();
        scorer.measure(&chunk).ok()?;
        let took = before.elapsed();
        fastest = Some(fastest.map_or(took, |fastest| fastest.min(took)));
        start += size;
    }
    fastest
}
