//! Why a job does not begin, or ends early.

use forebay_serving::{EngineError, LoadError, Misfit};

/// Why a job does not begin, or ends early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table cannot be read, or the output not be written.
    #[error(transparent)]
    Lake(#[from] forebay_lake::Error),
    /// The table is not what the model takes.
    #[error("the table does not fit the model: {0}")]
    Misfit(Misfit),
    /// An option cannot be meant.
    #[error("{0}")]
    Option(String),
    /// The model cannot be loaded.
    #[error("the model {model} cannot be loaded: {source}")]
    Load {
        /// Which it is.
        model: String,
        /// What its engine said.
        source: LoadError,
    },
    /// The engine failed, whatever it was given.
    #[error(transparent)]
    Engine(EngineError),
    /// What the model gives cannot stand in a table.
    #[error("the predictions cannot be columns: {0}")]
    Predictions(String),
    /// The first row that cannot be scored, where none may be rejected.
    #[error("{file}, row {row}: {reason}")]
    Row {
        /// Where it is.
        file: String,
        /// From 1.
        row: u64,
        /// Without a full stop.
        reason: String,
    },
    /// More rows cannot be scored than may be rejected.
    #[error("more than {limit} rows cannot be scored; the last one seen is {file}, row {row}: {reason}")]
    TooManyRejects {
        /// How many were allowed.
        limit: u64,
        /// Where the last one is.
        file: String,
        /// From 1.
        row: u64,
        /// Without a full stop.
        reason: String,
    },
    /// A job with that id was begun with something else.
    #[error("job {id} was begun with {what}; start it with the same, or take another --job-id")]
    Changed {
        /// Of the job.
        id: String,
        /// Such as `another model: models:/a/1, and now models:/a/2`.
        what: String,
    },
    /// The output folder holds what is not this job's.
    #[error(
        "{folder} holds {name}, which is not of job {id}: choose an empty folder, or that job's --job-id"
    )]
    Occupied {
        /// Of the output.
        folder: String,
        /// The first foreign file.
        name: String,
        /// Of this job.
        id: String,
    },
    /// It was asked to stop.
    #[error("stopped after {n_rows} rows")]
    Interrupted {
        /// That are written.
        n_rows: u64,
    },
    /// A thread is gone; there is no way to know its rows.
    #[error("a thread of the job ended too early")]
    Lost,
}
