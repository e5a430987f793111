//! What can go wrong with a statement. Domain crates turn a named constraint into their own error.

use forebay_core::error_code::ErrorCode;

/// A failed statement, transaction or row.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, is shutting down, is locked by another process for too long, or is
    /// out of room: the caller may try again later.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// A unique or primary key refused the row.
    #[error("a row with the same key exists already")]
    Duplicate(#[source] sqlx::Error),
    /// A foreign key refused the row: what it points at does not exist (any more).
    #[error("the row refers to one that does not exist")]
    Dangling(#[source] sqlx::Error),
    /// A value does not fit its column: too long, out of range or not storable. The message is the engine's.
    #[error("the database refuses a value: {0}")]
    Unfit(sqlx::Error),
    /// A row holds what its column should not.
    #[error("column {column} holds an unexpected value: {reason}")]
    Inconsistent {
        /// Name of the column as the statement selects it.
        column: &'static str,
        /// What is wrong with the cell.
        reason: String,
    },
    /// The write ended without an outcome, by a panic or because the server stops.
    #[error("the write was abandoned")]
    Abandoned,
    /// Any other failure of a statement.
    #[error("a statement failed")]
    Statement(#[source] sqlx::Error),
}

impl Error {
    /// The code that a caller of the API sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Unavailable(_) => ErrorCode::TemporarilyUnavailable,
            Error::Unfit(_) => ErrorCode::InvalidParameterValue,
            Error::Duplicate(_)
            | Error::Dangling(_)
            | Error::Inconsistent { .. }
            | Error::Abandoned
            | Error::Statement(_) => ErrorCode::InternalError,
        }
    }

    /// Whether a unique or primary key refused the row.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Error::Duplicate(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Tls(_) => Error::Unavailable(error),
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Error::Duplicate(error),
            sqlx::Error::Database(refusal) if refusal.is_foreign_key_violation() => Error::Dangling(error),
            sqlx::Error::Database(refusal) if refusal.code().is_some_and(|code| is_transient(&code)) => {
                Error::Unavailable(error)
            }
            sqlx::Error::Database(refusal) if refusal.code().is_some_and(|code| is_unfit(&code)) => {
                Error::Unfit(error)
            }
            _ => Error::Statement(error),
        }
    }
}

/// PostgreSQL: classes 08 (connection), 53 (no resources) and 57P (shutting down, starting up).
/// SQLite: 5 BUSY, 6 LOCKED, 10 IOERR, 13 FULL, 14 CANTOPEN and their extended codes (low byte).
fn is_transient(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() != 5 => matches!(number & 0xff, 5 | 6 | 10 | 13 | 14),
        _ => ["08", "53", "57P"].iter().any(|class| code.starts_with(class)),
    }
}

/// PostgreSQL's class 22 (data exception); SQLite stores whatever it is given.
fn is_unfit(code: &str) -> bool {
    code.len() == 5 && code.starts_with("22")
}

#[cfg(test)]
mod tests {
    use super::is_transient;

    #[test]
    fn a_full_or_busy_database_is_transient_on_both_engines() {
        for code in ["5", "13", "261", "3338", "08006", "53100", "57P01"] {
            assert!(is_transient(code), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42601"] {
            assert!(!is_transient(code), "{code}");
        }
    }
}
