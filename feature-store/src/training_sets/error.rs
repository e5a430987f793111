//! Why there is no training set.

use std::io;

use arrow::error::ArrowError;
use forebay_lake as lake;

use crate::expectations::error::Error as WatchError;
use crate::join::error::JoinError;

/// Why a training set was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A table cannot be read, or the output cannot be written.
    #[error(transparent)]
    Lake(#[from] lake::Error),
    /// The columns of a table are not what definitions say.
    #[error("{table}: {source}")]
    Columns {
        /// Its address.
        table: String,
        /// What is wrong with them.
        source: JoinError,
    },
    /// A row holds something that is not of its column's type.
    #[error("{file}, row {row}: {reason}")]
    Row {
        /// Where it is.
        file: String,
        /// From 1.
        row: u64,
        /// Names column and value.
        reason: String,
    },
    /// Definitions refer to something that is not there, or not what they need.
    #[error("{0}")]
    Definitions(String),
    /// Two columns would have one name.
    #[error("{one} and {other} would both be the column '{name}'")]
    SameName {
        /// Of both.
        name: String,
        /// What has it first.
        one: String,
        /// What has it, too.
        other: String,
    },
    /// A place cannot be used for what it should be.
    #[error("'{uri}' cannot be used: {reason}")]
    Place {
        /// As it was given.
        uri: String,
        /// Without a full stop.
        reason: String,
    },
    /// A file that is not to be replaced is where the output goes.
    #[error("'{0}' is there already; with 'overwrite' it is replaced")]
    Taken(String),
    /// A table that may not be read or written.
    #[error("the training set is refused: {0}")]
    Refused(String),
    /// An expectation that must hold does not.
    #[error("what is expected of the features does not hold: {}", .0.join("; "))]
    Expectations(Vec<String>),
    /// A file of a table was changed while it was read.
    #[error("{0} was changed while it was read; try again when nobody writes it")]
    ChangedMeanwhile(String),
    /// What a manifest pins is not there any more.
    #[error("this is not what the manifest was made from: {0}")]
    Changed(String),
    /// The same tables and the same program gave other rows.
    #[error(
        "the rows are not those of the manifest: their hash is {found}, and was {expected}, although its tables are the same"
    )]
    OtherRows {
        /// Of the manifest.
        expected: String,
        /// Of this time.
        found: String,
    },
    /// The memory does not do.
    #[error("{what} needs more memory than there is for it; {bytes} bytes would do")]
    Memory {
        /// Which rows.
        what: String,
        /// Of the whole build.
        bytes: u64,
    },
    /// A feature from after its row's time, or an internal check of another kind.
    #[error("the training set is not written, for it would be wrong, which is a defect of Forebay: {0}")]
    Leak(String),
    /// An expression cannot be computed. Its row is that of the spine, from 1.
    #[error("{0}")]
    Expression(String),
    /// The file or connection for the output refused.
    #[error("the training set cannot be written: {0}")]
    Output(#[source] io::Error),
    /// Intermediate files cannot be written or read.
    #[error("{folder}: {source}")]
    Spill {
        /// Where they are.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
    /// What is expected of rows cannot be looked at.
    #[error("expectations cannot be looked at: {0}")]
    Watch(String),
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    /// Somebody asked for an end.
    #[error("the training set was cancelled")]
    Cancelled,
    /// A thread died.
    #[error("a thread of the build ended unexpectedly")]
    Lost,
}

impl From<WatchError> for Error {
    fn from(error: WatchError) -> Self {
        Error::Watch(error.to_string())
    }
}

impl Error {
    /// Names the table of what is wrong with its columns.
    pub(crate) fn of(table: &str) -> impl Fn(JoinError) -> Error + use<> {
        let table = table.to_owned();
        move |source| match source {
            JoinError::Arrow(source) => Error::Arrow(source),
            source => Error::Columns { table: table.clone(), source },
        }
    }
}
