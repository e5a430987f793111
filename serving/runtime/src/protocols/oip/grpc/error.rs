//! What an error is in gRPC: a code and its text.

use tonic::{Code, Status};

use super::super::backend::{InferError, RepositoryError};
use super::super::error::OipError;

impl OipError {
    /// The gRPC code.
    pub fn code(&self) -> Code {
        match self {
            OipError::Invalid(_)
            | OipError::BodyTooLong(_)
            | OipError::Infer(InferError::Invalid(_) | InferError::TooLarge(_)) => Code::InvalidArgument,
            OipError::UnknownModel(_)
            | OipError::UnknownPath(_)
            | OipError::Repository(RepositoryError::NotFound(_)) => Code::NotFound,
            OipError::Infer(InferError::Busy { .. }) => Code::ResourceExhausted,
            OipError::NotReady { .. } | OipError::Infer(InferError::Unavailable(_)) => Code::Unavailable,
            OipError::Infer(InferError::Deadline) => Code::DeadlineExceeded,
            OipError::Encoding(_) | OipError::Repository(RepositoryError::NotSupported) => {
                Code::Unimplemented
            }
            OipError::Internal(_)
            | OipError::Infer(InferError::Failed(_))
            | OipError::Repository(RepositoryError::Failed(_)) => Code::Internal,
        }
    }
}

impl From<OipError> for Status {
    fn from(error: OipError) -> Self {
        /// Headers carry the text, and peers refuse headers that are too long.
        const LONGEST: usize = 2000;
        Status::new(error.code(), error.to_string().chars().take(LONGEST).collect::<String>())
    }
}
