//! The body of every answer that is an error.
#![expect(missing_docs, reason = "the fields are MLflow's own; docs stand where a name does not say it all")]

use serde::{Deserialize, Serialize};

/// An error as the client reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Such as `INVALID_PARAMETER_VALUE`.
    #[serde(default)]
    pub error_code: String,
    #[serde(default)]
    pub message: String,
}
