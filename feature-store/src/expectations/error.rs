//! Why rows could not be watched.

use arrow::error::ArrowError;

/// Nothing that rows are to blame for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("an expectation is about '{0}', which the rows do not have")]
    Column(String),
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    #[error("cannot keep what was seen in a temporary file: {0}")]
    Spill(#[from] std::io::Error),
}
