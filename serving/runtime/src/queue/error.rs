//! Why rows were not scored.

use std::time::Duration;

use crate::engines::EngineError;

/// Why rows were not scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// The queue is full now.
    #[error("{waiting_rows} rows wait already; try again in {} s", retry_after.as_secs())]
    Full {
        /// Rows that wait.
        waiting_rows: usize,
        /// When there may be room.
        retry_after: Duration,
    },
    /// The request is larger than the queue.
    #[error("the request has {found} {unit}, and the queue of the model holds {limit}; send it in parts")]
    TooLarge {
        /// Rows or bytes of the request.
        found: usize,
        /// Of the queue.
        limit: usize,
        /// `rows` or `bytes`.
        unit: &'static str,
    },
    /// The answer was not there in time; the work is cancelled.
    #[error("the deadline passed before the rows were scored")]
    DeadlinePassed(Duration),
    /// The model does not take the rows, or failed on them.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The server stops.
    #[error("the server is stopping")]
    Closed,
}
