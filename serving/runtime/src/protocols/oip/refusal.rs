//! Why tensors are not scored, or predictions not answered.

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The request is not as the protocol or the model wants it; the text names input, element and type.
    #[error("{0}")]
    Invalid(String),
    /// The model answered what the protocol has no tensor for.
    #[error("{0}")]
    Unwritable(String),
}
