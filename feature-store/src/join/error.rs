//! What the join cannot do with the columns that it is given.

use arrow::error::ArrowError;

/// Why rows cannot be joined; whoever knows their table names it.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// A column does not hold what it should.
    #[error("column '{column}': {reason}")]
    Column {
        /// Its name.
        column: String,
        /// Names the value or the type, without a full stop.
        reason: String,
    },
    /// More rows than can be numbered.
    #[error("it has more than {0} rows, which is more than can be joined at once")]
    TooMany(u64),
    /// The rows need more memory than there is for them.
    #[error("more than {0} bytes are needed at once")]
    Outgrown(u64),
    /// Arrow refused; that is a defect of this program, or a column that is too large to be one.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

impl JoinError {
    pub(crate) fn column(name: &str, reason: impl Into<String>) -> Self {
        JoinError::Column { column: name.to_owned(), reason: reason.into() }
    }
}
