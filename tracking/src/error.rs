//! Everything that tracking can answer instead of success, with its code.
//!
//! Texts of 4xx errors are what the Python user reads; where MLflow's clients match on a text it is MLflow's.

use axum::response::{IntoResponse, Response};
use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_db as db;

use crate::model::experiment::ExperimentId;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the request is missing, malformed or out of bounds.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No experiment has the id, or none in the stage that the request needs.
    #[error("No Experiment with id={0} exists")]
    ExperimentNotFound(ExperimentId),
    /// No experiment has the name.
    #[error("Could not find experiment with name '{0}'")]
    NoExperimentNamed(String),
    /// The name is taken, perhaps by a deleted experiment.
    #[error(
        "Experiment(name={0}) already exists. Error: the name is taken, possibly by a deleted experiment; \
         restore that one, delete it permanently or choose another name"
    )]
    ExperimentExists(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl Error {
    /// The code that the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Invalid(_) => ErrorCode::InvalidParameterValue,
            Error::ExperimentNotFound(_) | Error::NoExperimentNamed(_) => ErrorCode::ResourceDoesNotExist,
            Error::ExperimentExists(_) => ErrorCode::ResourceAlreadyExists,
            Error::Db(error) => error.code(),
        }
    }
}
