//! What a job is going to do, for people and for the run that it is.

use serde::Serialize;

/// What a job is going to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Names its files.
    pub job_id: String,
    /// Pinned.
    pub model: String,
    /// The engine.
    pub platform: String,
    /// Where it runs.
    pub device: String,
    /// As it was given.
    pub input: String,
    /// Of the input.
    pub n_files: usize,
    /// Of this share, if it is known.
    pub n_rows: Option<u64>,
    /// Whether the files say so, or the size of the first rows.
    pub is_exact: bool,
    /// Of the model.
    pub n_inputs: usize,
    /// As it was given.
    pub output: String,
    /// Columns that are copied.
    pub kept: Vec<String>,
    /// Columns that the model gives, with their types.
    pub predictions: Vec<String>,
    /// Rows that the engine gets at once.
    pub chunk_rows: usize,
    /// Rows that a lane scores in a second, as measured; 0 where nothing could be measured.
    pub rows_per_second_per_lane: f64,
    /// Engines that run side by side.
    pub n_lanes: usize,
    /// Rows that an earlier try has done.
    pub n_rows_before: u64,
    /// Whether an earlier try has done all.
    pub is_done: bool,
}
