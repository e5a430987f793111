//! Everything that the feature store can answer instead of success, with its code.

use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_db as db;
use tokio::task::JoinError;

use crate::model::kind::Kind;
use crate::model::name::Name;
use crate::model::requests::Which;

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
    /// A thread ended that should not.
    #[error("looking at tables failed")]
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
            Error::Broken(_) => ErrorCode::InternalError,
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
