//! What a job is told.

use std::str::FromStr;

pub use forebay_core::job_id::JobId;
use forebay_lake::{AsOf, Format, Shard};
use forebay_serving::{Loaded, Signature};

use crate::columns::{Keep, Mapping};

/// The model of a job.
pub struct Model {
    /// Which model it is, pinned: a version, not an alias.
    pub identity: String,
    /// What is in it, as [`crate::digest`] tells: a folder or a bucket may hold another one under the same name later.
    pub digest: String,
    /// What it takes.
    pub signature: Signature,
    /// What runs it.
    pub loaded: Loaded,
}

/// What a job is told.
#[derive(Debug, Clone)]
pub struct JobOptions {
    /// Names the files of the output folder, and the job when it is started again.
    pub id: JobId,
    /// A file, a folder, a pattern, or `-`.
    pub input: String,
    /// None to tell it by the input.
    pub input_format: Option<Format>,
    /// Which version of a Delta table; none for the latest.
    pub input_as_of: Option<AsOf>,
    /// A file, a folder, or `-`.
    pub output: String,
    /// None to tell it by the output's name.
    pub output_format: Option<OutputFormat>,
    /// Which columns of the table the model gets, and under which names; empty for those of its signature, or all.
    pub columns: Vec<Mapping>,
    /// Which columns of the table are in the output.
    pub keep: Keep,
    /// The name of the only column that the model gives.
    pub prediction_column: String,
    /// Rows that are read at most.
    pub limit: Option<u64>,
    /// Which share of the table.
    pub shard: Shard,
    /// What happens to rows that cannot be scored; none to fail at the first.
    pub rejects: Option<RejectOptions>,
    /// Rows of the input for each file of an output folder.
    pub rows_per_file: u64,
    /// Threads that compute; none for what the engine likes on this machine.
    pub threads: Option<usize>,
}

/// What an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// A Delta table, which gets all rows at once.
    Delta,
    /// Files.
    Files(Format),
}

impl FromStr for OutputFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "delta" => Ok(OutputFormat::Delta),
            text => text.parse().map(OutputFormat::Files).map_err(|error: String| format!("{error}, delta")),
        }
    }
}

/// What happens to rows that cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectOptions {
    /// A file; a folder where the output is one.
    pub path: String,
    /// How many there may be.
    pub max: u64,
}
