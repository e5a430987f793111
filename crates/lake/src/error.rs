//! What can go wrong with a table in files.

use std::io::{self, ErrorKind};

/// Why a table cannot be read or written. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there.
    #[error("{0}: there is no such file, and no folder or pattern with files")]
    Nothing(String),
    /// The address is none of a place that can be read or written.
    #[error("'{uri}' cannot be used: {reason}")]
    Address {
        /// As it was given.
        uri: String,
        /// Without a full stop.
        reason: String,
    },
    /// The system refused.
    #[error("{uri}: {source}")]
    Io {
        /// The file.
        uri: String,
        /// What it said.
        source: io::Error,
    },
    /// The object store refused.
    #[error("{uri}: {source}")]
    Store {
        /// The object.
        uri: String,
        /// What it said.
        source: object_store::Error,
    },
    /// The content is not what its format says.
    #[error("{uri}{}: {reason}", row.map(|row| format!(", row {row}")).unwrap_or_default())]
    Content {
        /// The file.
        uri: String,
        /// From 1; none where it is not about a row.
        row: Option<u64>,
        /// Without a full stop.
        reason: String,
    },
    /// The columns are not those of the table.
    #[error("{uri}: {reason}")]
    Schema {
        /// The file.
        uri: String,
        /// Names the column.
        reason: String,
    },
    /// A Delta table, or the log of one, is not what it has to be.
    #[error("{uri}{}: {reason}", version.map(|version| format!(", version {version}")).unwrap_or_default())]
    Delta {
        /// The table.
        uri: String,
        /// None where no version is known.
        version: Option<u64>,
        /// Names the file where it is about one.
        reason: String,
    },
    /// Another process writes the same file.
    #[error("{0} is being written by another process")]
    Busy(String),
}

impl Error {
    /// The same about a file that goes by another name.
    #[must_use]
    pub fn about(self, name: &str) -> Self {
        let uri = name.to_owned();
        match self {
            Error::Nothing(_) => Error::Nothing(uri),
            Error::Address { reason, .. } => Error::Address { uri, reason },
            Error::Io { source, .. } => Error::Io { uri, source },
            Error::Store { source, .. } => Error::Store { uri, source },
            Error::Content { row, reason, .. } => Error::Content { uri, row, reason },
            Error::Schema { reason, .. } => Error::Schema { uri, reason },
            Error::Delta { version, reason, .. } => Error::Delta { uri, version, reason },
            Error::Busy(_) => Error::Busy(uri),
        }
    }

    /// Whether it is about the place or the content that was named; otherwise about the machine or the store that has it, such
    /// as a full disk, or keys that are refused.
    pub fn is_of_what_was_named(&self) -> bool {
        match self {
            Error::Nothing(_)
            | Error::Address { .. }
            | Error::Content { .. }
            | Error::Schema { .. }
            | Error::Delta { .. }
            | Error::Busy(_) => true,
            Error::Io { source, .. } => matches!(
                source.kind(),
                ErrorKind::NotFound
                    | ErrorKind::NotADirectory
                    | ErrorKind::IsADirectory
                    | ErrorKind::InvalidFilename
                    | ErrorKind::InvalidData
                    | ErrorKind::UnexpectedEof
            ),
            Error::Store { source, .. } => {
                matches!(
                    source,
                    object_store::Error::NotFound { .. } | object_store::Error::InvalidPath { .. }
                )
            }
        }
    }

    pub(crate) fn io(uri: &str) -> impl FnOnce(io::Error) -> Error {
        let uri = uri.to_owned();
        move |source| Error::Io { uri, source }
    }

    pub(crate) fn store(uri: &str) -> impl FnOnce(object_store::Error) -> Error {
        let uri = uri.to_owned();
        move |source| Error::Store { uri, source }
    }

    pub(crate) fn content(uri: &str, reason: &(impl ToString + ?Sized)) -> Error {
        Error::Content { uri: uri.to_owned(), row: None, reason: reason.to_string() }
    }

    pub(crate) fn schema(uri: &str, reason: impl Into<String>) -> Error {
        Error::Schema { uri: uri.to_owned(), reason: reason.into() }
    }
}
