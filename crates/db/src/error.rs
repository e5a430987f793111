//! What can go wrong with a statement. Domain crates turn a named constraint into their own error.

use std::sync::Arc;

use forebay_core::error_code::ErrorCode;

/// A failed statement, transaction or row. Cloned where one failure is the answer to several callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, is shutting down, is locked by another process for too long, or is
    /// out of room: the caller may try again later.
    #[error("the database is not available")]
    Unavailable(#[source] Arc<sqlx::Error>),
    /// A unique or primary key refused the row.
    #[error("a row with the same key exists already")]
    Duplicate(#[source] Arc<sqlx::Error>),
    /// A foreign key refused the row: what it points at does not exist (any more).
    #[error("the row refers to one that does not exist")]
    Dangling(#[source] Arc<sqlx::Error>),
    /// A value does not fit its column.
    #[error("a value is too long or out of range for its column, or holds what the database cannot store")]
    Unfit(#[source] Arc<sqlx::Error>),
    /// A row holds what its column should not.
    #[error("column {column} holds an unexpected value: {reason}")]
    Inconsistent {
        /// Name of the column as the statement selects it.
        column: &'static str,
        /// What is wrong with the cell.
        reason: String,
    },
    /// The database is being closed.
    #[error("the server is stopping")]
    Stopped,
    /// The write panicked; it left nothing.
    #[error("the write panicked: {0}")]
    Panicked(String),
    /// The write gave no outcome for one of its callers, which its code must always do.
    #[error("the write ended without an outcome")]
    NoOutcome,
    /// Any other failure of a statement.
    #[error("a statement failed")]
    Statement(#[source] Arc<sqlx::Error>),
}

impl Error {
    /// The code that a caller of the API sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Unavailable(_) | Error::Stopped => ErrorCode::TemporarilyUnavailable,
            Error::Unfit(_) => ErrorCode::InvalidParameterValue,
            Error::Duplicate(_)
            | Error::Dangling(_)
            | Error::Inconsistent { .. }
            | Error::Panicked(_)
            | Error::NoOutcome
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
        let kind = kind_of(&error);
        kind(Arc::new(error))
    }
}

/// The variant that says what the driver's error means to a caller.
fn kind_of(error: &sqlx::Error) -> fn(Arc<sqlx::Error>) -> Error {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            Error::Unavailable
        }
        sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Error::Duplicate,
        sqlx::Error::Database(refusal) if refusal.is_foreign_key_violation() => Error::Dangling,
        sqlx::Error::Database(refusal) => match refusal.code() {
            Some(code) if is_transient(&code) => Error::Unavailable,
            Some(code) if is_unfit(&code) => Error::Unfit,
            _ => Error::Statement,
        },
        _ => Error::Statement,
    }
}

/// PostgreSQL: classes 08 (connection), 40 (lost to another transaction), 53 (no resources), 57014 (took too
/// long) and 57P (shutting down, starting up).
/// SQLite: 5 BUSY, 6 LOCKED, 10 IOERR, 13 FULL, 14 CANTOPEN and their extended codes (low byte).
fn is_transient(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() != 5 => matches!(number & 0xff, 5 | 6 | 10 | 13 | 14),
        _ => ["08", "40", "53", "57014", "57P"].iter().any(|class| code.starts_with(class)),
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
        for code in ["5", "13", "261", "3338", "08006", "53100", "57P01", "40P01", "57014"] {
            assert!(is_transient(code), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42601"] {
            assert!(!is_transient(code), "{code}");
        }
    }
}
