//! Why a request was not answered. What each is in HTTP and in gRPC stands with those.

use super::backend::{InferError, ModelInfo, ModelState, RepositoryError};

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OipError {
    /// The request is not as the protocol or the model wants it; the text names input, element and type.
    #[error("{0}")]
    Invalid(String),
    /// The body is longer than the server takes.
    #[error("the body is longer than {0} bytes")]
    BodyTooLong(usize),
    /// The body is compressed in a way that the server does not know.
    #[error("Content-Encoding '{0}' is not supported")]
    Encoding(String),
    /// There is no such model.
    #[error("model '{0}' is not found")]
    UnknownModel(String),
    /// The protocol has no such path, or not with this method.
    #[error("there is nothing at {0}, or not for this method")]
    UnknownPath(String),
    /// The model cannot answer now.
    #[error("model '{name}' is not ready: {reason}")]
    NotReady {
        /// Of the model.
        name: String,
        /// Without a full stop.
        reason: String,
    },
    /// The model did not answer.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// The model was neither loaded nor unloaded.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A mistake of ours, or of the model's.
    #[error("{0}")]
    Internal(String),
}

impl OipError {
    pub(super) fn unknown_model(name: &str, version: Option<&str>) -> Self {
        OipError::UnknownModel(match version {
            Some(version) => format!("{name}' version '{version}"),
            None => name.to_owned(),
        })
    }
}

/// Refuses a model that cannot answer now.
pub(super) fn check_ready(model: &ModelInfo) -> Result<(), OipError> {
    let reason = match &model.state {
        ModelState::Ready => return Ok(()),
        ModelState::Loading => "it is being loaded".to_owned(),
        ModelState::Unavailable(reason) => reason.clone(),
    };
    Err(OipError::NotReady { name: model.name.to_string(), reason })
}
