//! Everything that the feature store can answer instead of success, with its code.

use std::io;

use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_db as db;
use tokio::task::JoinError;

use crate::model::kind::Kind;
use crate::model::name::Name;
use crate::model::requests::Which;
use crate::training_sets::Error as BuildError;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the request is missing, malformed or out of bounds, or a definition does not fit the others or its table.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The server may not read a table for its callers.
    #[error("{0}")]
    PlaceRefused(String),
    /// There is no such definition, or no such version of it.
    #[error("{0}")]
    NotFound(String),
    /// A definition that others name is not deleted.
    #[error("{0}")]
    InUse(String),
    /// Others changed definitions again and again.
    #[error("The definitions could not be applied: others change entities all the time. Try again.")]
    Raced,
    /// As many training sets are made as may be at one time.
    #[error("The server makes a training set already, and one at a time. Try again later.")]
    Busy,
    /// A training set was not made.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The rows that a caller sends cannot be kept.
    #[error("the rows that were sent cannot be kept")]
    Spool(#[source] io::Error),
    /// A thread ended that should not.
    #[error("a thread failed")]
    Broken(#[source] JoinError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl Error {
    /// The code that the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Invalid(_) => ErrorCode::InvalidParameterValue,
            Error::PlaceRefused(_) => ErrorCode::PermissionDenied,
            Error::NotFound(_) => ErrorCode::ResourceDoesNotExist,
            Error::InUse(_) => ErrorCode::ResourceConflict,
            Error::Raced => ErrorCode::TemporarilyUnavailable,
            Error::Busy => ErrorCode::RequestLimitExceeded,
            Error::Build(error) => code_of(error),
            Error::Broken(_) | Error::Spool(_) => ErrorCode::InternalError,
            Error::Db(error) => error.code(),
        }
    }

    pub(crate) fn not_found(which: &Which) -> Self {
        let Which { name, kind, version } = which;
        let kind = kind.map_or_else(|| "definition".to_owned(), |kind| kind.to_string());
        let version = version.map(|version| format!(" version {version} of")).unwrap_or_default();
        Error::NotFound(format!("There is no{version} {kind} '{name}'"))
    }

    pub(crate) fn in_use(kind: Kind, name: &Name, users: &[String]) -> Self {
        let users = users.join(", ");
        Error::InUse(format!("The {kind} '{name}' cannot be deleted while others use it: {users}"))
    }
}

/// What the caller named can be wrong in many ways; what cannot is the server's.
fn code_of(error: &BuildError) -> ErrorCode {
    match error {
        BuildError::Refused(_) => ErrorCode::PermissionDenied,
        BuildError::Taken(_) => ErrorCode::ResourceAlreadyExists,
        BuildError::Lake(error) if !error.is_of_what_was_named() => ErrorCode::InternalError,
        BuildError::Lake(_)
        | BuildError::Columns { .. }
        | BuildError::Row { .. }
        | BuildError::Definitions(_)
        | BuildError::SameName { .. }
        | BuildError::Place { .. }
        | BuildError::Expectations(_)
        | BuildError::ChangedMeanwhile(_)
        | BuildError::Changed(_)
        | BuildError::OtherRows { .. }
        | BuildError::Memory { .. }
        | BuildError::Expression(_) => ErrorCode::InvalidParameterValue,
        BuildError::Cancelled => ErrorCode::Cancelled,
        BuildError::Leak(_)
        | BuildError::Output(_)
        | BuildError::Spill { .. }
        | BuildError::Watch(_)
        | BuildError::Arrow(_)
        | BuildError::Lost => ErrorCode::InternalError,
    }
}
