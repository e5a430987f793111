//! Everything that the registry can answer instead of success, with its code.

use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_db as db;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the request is missing, malformed or out of bounds.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl Error {
    /// The code that the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Invalid(_) => ErrorCode::InvalidParameterValue,
            Error::Db(error) => error.code(),
        }
    }
}
