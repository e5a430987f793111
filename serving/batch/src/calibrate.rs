//! How many rows a model likes at once: measured on the first rows of the table, since it differs by a factor of two and
//! more between models.

use std::time::{Duration, Instant};

use arrow::array::RecordBatch;

use crate::scorer::Scorer;

/// Sizes that are tried, the smallest first.
const CANDIDATES: [usize; 9] = [32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 16_384];

/// How long one size is tried: several times over the same rows.
const ROUND: Duration = Duration::from_millis(30);
const PASS: Duration = Duration::from_millis(8);

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
    let n_rows = rows_of_a_pass(scorer, &first)?;
    let mut best: Option<Measured> = None;
    for (position, size) in CANDIDATES.into_iter().enumerate() {
        if position > 0 && size > sample.num_rows() {
            break;
        }
        let size = size.min(sample.num_rows());
        let n_chunks = (n_rows.min(sample.num_rows()) / size).max(1);
        let Some(fastest) = fastest(scorer, sample, size, n_chunks) else { break };
        #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
        let rows_per_second = (size * n_chunks) as f64 / fastest.as_secs_f64().max(1e-9);
        if best.is_none_or(|best| rows_per_second > best.rows_per_second * GAIN) {
            best = Some(Measured { chunk_rows: size, rows_per_second });
        }
        if n_chunks == 1 && fastest > SLOW {
            break;
        }
    }
    best
}

/// Rows that every size is tried on, so that none of them profits from some that are quick to score.
fn rows_of_a_pass(scorer: &mut Scorer, first: &RecordBatch) -> Option<usize> {
    let before = Instant::now();
    scorer.measure(first).ok()?;
    let n_chunks = PASS.as_nanos() / before.elapsed().as_nanos().max(1);
    let n_rows = usize::try_from(n_chunks).ok()?.saturating_mul(first.num_rows());
    Some(n_rows.clamp(first.num_rows(), CANDIDATES[CANDIDATES.len() - 1]))
}

/// The shortest time that the first chunks of that size took. Whatever else the machine does only makes it longer.
fn fastest(scorer: &mut Scorer, sample: &RecordBatch, size: usize, n_chunks: usize) -> Option<Duration> {
    let begin = Instant::now();
    let mut fastest = None::<Duration>;
    while fastest.is_none() || begin.elapsed() < ROUND {
        let before = Instant::now();
        for chunk in 0..n_chunks {
            scorer.measure(&sample.slice(chunk * size, size)).ok()?;
        }
        let took = before.elapsed();
        fastest = Some(fastest.map_or(took, |fastest| fastest.min(took)));
    }
    fastest
}
