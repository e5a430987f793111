//! What can go wrong with a statement. Domain crates turn a named constraint into their own error.

use std::error::Error as StdError;
use std::sync::Arc;

use forebay_core::error_code::ErrorCode;

/// What the driver says. Cloned where one failure is the answer to several callers.
type Cause = Arc<dyn StdError + Send + Sync>;

/// A failed statement, transaction or row.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, is shutting down, or is locked by another process for too long: the
    /// caller may try again later.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// PostgreSQL gave a statement up: other transactions held what it needed, or it took too long. Another write may fare
    /// better, and the caller may try again later.
    #[error("the database is busy with other transactions")]
    Contended(#[source] Cause),
    /// A SQLite file cannot be opened or written by this user; the caller may try again later.
    #[error("this user cannot read and write the database file, or cannot make files in its folder")]
    NotWritable(#[source] Cause),
    /// The database has no room for what was to be written; the caller may try again later.
    #[error("the disk of the database is full")]
    Full(#[source] Cause),
    /// The path of a SQLite file does not lead any more to the file that is open.
    #[error("the database file was removed or replaced")]
    Moved,
    /// A unique or primary key refused the row.
    #[error("a row with the same key exists already")]
    Duplicate(#[source] Cause),
    /// A foreign key refused the row: what it points at does not exist (any more).
    #[error("the row refers to one that does not exist")]
    Dangling(#[source] Cause),
    /// A value does not fit its column.
    #[error("a value is too long or out of range for its column, or holds what the database cannot store")]
    Unfit(#[source] Cause),
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
    Statement(#[source] Cause),
}

impl Error {
    /// The code that a caller of the API sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Unavailable(_)
            | Error::Contended(_)
            | Error::NotWritable(_)
            | Error::Full(_)
            | Error::Moved
            | Error::Stopped => ErrorCode::TemporarilyUnavailable,
            Error::Unfit(_) => ErrorCode::InvalidParameterValue,
            Error::Duplicate(_)
            | Error::Dangling(_)
            | Error::Inconsistent { .. }
            | Error::Panicked(_)
            | Error::NoOutcome
            | Error::Statement(_) => ErrorCode::InternalError,
        }
    }

    /// Whether the same would happen to any other write now.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Error::Unavailable(_) | Error::NotWritable(_) | Error::Full(_) | Error::Moved)
    }

    /// Whether a unique or primary key refused the row.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Error::Duplicate(_))
    }
}

/// Why there is no connection to work with.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum NoConnection {
    #[error("all connections stayed in use")]
    TimedOut,
    #[error("the connections are closed")]
    Closed,
}

impl From<NoConnection> for Error {
    fn from(error: NoConnection) -> Self {
        Error::Unavailable(Arc::new(error))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let kind = kind_of_postgres(&error);
        kind(Arc::new(error))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let kind =
            error.sqlite_error().map_or(Error::Statement as Kind, |code| kind_of_sqlite(code.extended_code));
        kind(Arc::new(error))
    }
}

/// The variant that says what the driver's error means to a caller.
type Kind = fn(Cause) -> Error;

fn kind_of_postgres(error: &sqlx::Error) -> Kind {
    match error {
        // A protocol error is an answer that broke off, as those of a server do that is just stopping.
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Tls(_) => Error::Unavailable,
        sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Error::Duplicate,
        sqlx::Error::Database(refusal) if refusal.is_foreign_key_violation() => Error::Dangling,
        sqlx::Error::Database(refusal) => match refusal.code() {
            Some(code) if code == "53100" => Error::Full,
            Some(code) if is_contention(&code) => Error::Contended,
            Some(code) if is_transient(&code) => Error::Unavailable,
            // Class 22 is a data exception.
            Some(code) if code.starts_with("22") => Error::Unfit,
            _ => Error::Statement,
        },
        _ => Error::Statement,
    }
}

/// Classes 40 (lost to another transaction), 55P03 (did not get a lock) and 57014 (took too long).
fn is_contention(code: &str) -> bool {
    ["40", "55P03", "57014"].iter().any(|class| code.starts_with(class))
}

/// Classes 08 (connection), 53 (no resources) and 57P (shutting down, starting up).
fn is_transient(code: &str) -> bool {
    ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
}

/// An extended code says more than the primary one in its low byte.
fn kind_of_sqlite(extended_code: i32) -> Kind {
    use rusqlite::ffi;

    match (extended_code, extended_code & 0xff) {
        (ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY, _) => Error::Duplicate,
        (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, _) => Error::Dangling,
        (_, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_INTERRUPT | ffi::SQLITE_IOERR) => {
            Error::Unavailable
        }
        (_, ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN | ffi::SQLITE_PERM) => Error::NotWritable,
        (_, ffi::SQLITE_FULL) => Error::Full,
        (_, ffi::SQLITE_TOOBIG) => Error::Unfit,
        _ => Error::Statement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_or_slow_database_is_transient_on_both_engines() {
        for code in ["08006", "53100", "57P01"] {
            assert!(is_transient(code) && !is_contention(code), "{code}");
        }
        for code in ["40P01", "55P03", "57014"] {
            assert!(is_contention(code) && !is_transient(code), "{code}");
        }
        let broken = sqlx::Error::Protocol("unexpected response from SSLRequest: 0x00".to_owned());
        assert!(matches!(Error::from(broken), Error::Unavailable(_)));
        for code in ["23505", "42601"] {
            assert!(!is_transient(code) && !is_contention(code), "{code}");
        }
        for (code, transient) in [
            (5, true),
            (9, true),
            (13, false),
            (261, true),
            (3338, true),
            (1, false),
            (19, false),
            (2067, false),
        ] {
            let failure = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert_eq!(matches!(Error::from(failure), Error::Unavailable(_)), transient, "{code}");
        }
        for code in [8, 14, 1032, 1544] {
            let failure = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert!(matches!(Error::from(failure), Error::NotWritable(_)), "{code}");
        }
    }
}
