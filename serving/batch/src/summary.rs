//! What a job did.

use std::time::Duration;

use serde::Serialize;

use crate::counters::Counters;
use crate::plan::Plan;

/// What a job did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Names its files.
    pub job_id: String,
    /// Pinned.
    pub model: String,
    /// As it was given.
    pub input: String,
    /// As it was given.
    pub output: String,
    /// Rows of the input, with those of earlier tries of the same job.
    pub n_rows: u64,
    /// Rows that earlier tries had done.
    pub n_rows_before: u64,
    /// Rows that could not be scored.
    pub n_rejected: u64,
    /// Files that this try wrote.
    pub n_files: u64,
    /// Without opening the table and the model.
    pub seconds: f64,
    /// Of this try.
    pub rows_per_second: f64,
    /// Rows that the engine got at once.
    pub chunk_rows: usize,
    /// Engines that ran side by side.
    pub n_lanes: usize,
    /// Whether the output is complete. A share is not the whole of it.
    pub is_complete: bool,
}

impl Summary {
    /// Of a job that has done nothing yet.
    pub(crate) fn of(plan: &Plan) -> Self {
        Summary {
            job_id: plan.job_id.clone(),
            model: plan.model.clone(),
            input: plan.input.clone(),
            output: plan.output.clone(),
            n_rows: 0,
            n_rows_before: plan.n_rows_before,
            n_rejected: 0,
            n_files: 0,
            seconds: 0.0,
            rows_per_second: 0.0,
            chunk_rows: plan.chunk_rows,
            n_lanes: plan.n_lanes,
            is_complete: false,
        }
    }

    pub(crate) fn ended(self, counters: &Counters, took: Duration, is_complete: bool) -> Self {
        let (n_rows, seconds) = (counters.n_done(), took.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a rate is a figure for people")]
        let n_now = n_rows.saturating_sub(self.n_rows_before) as f64;
        Summary {
            n_rows,
            n_rejected: counters.n_rejected(),
            n_files: counters.n_files(),
            seconds,
            rows_per_second: n_now / seconds.max(1e-9),
            is_complete,
            ..self
        }
    }
}
