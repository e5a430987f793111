//! Everything that tracking can answer instead of success, with its code.
//!
//! Texts of 4xx errors are what the Python user reads; where MLflow's clients match on a text it is MLflow's.

use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_core::python;
use forebay_db as db;

use crate::artifacts::StoreError;
use crate::model::experiment::ExperimentId;
use crate::model::logged_model::LoggedModelId;
use crate::model::param::ParamChange;
use crate::model::run::RunId;

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
    /// The experiment is deleted, which forbids the change.
    #[error("The experiment {0} must be in the 'active' state. Current state is deleted.")]
    ExperimentNotActive(ExperimentId),
    /// The experiment is being deleted for good, which cannot be taken back.
    #[error("The experiment {0} cannot be restored: 'forebay gc' has begun to delete it for good.")]
    ExperimentBeingPurged(ExperimentId),
    /// Deleted experiments keep their names.
    #[error("Cannot rename a non-active experiment. Experiment {0} is deleted: restore it first.")]
    RenameOfDeletedExperiment(ExperimentId),
    /// A new name belongs to another experiment.
    #[error("Cannot rename the experiment: the name '{0}' is taken, possibly by a deleted experiment")]
    NameTaken(String),
    /// The experiment has no such tag.
    #[error("No tag with name: {key} in experiment with id {id}")]
    ExperimentTagNotFound {
        /// The tag that was asked for.
        key: String,
        /// Where it was looked for.
        id: ExperimentId,
    },
    /// No run has the id.
    #[error("Run with id={0} not found")]
    RunNotFound(RunId),
    /// The run is deleted, which forbids the change.
    #[error("The run {0} must be in the 'active' state. Current state is deleted.")]
    RunNotActive(RunId),
    /// The run is being deleted for good, which cannot be taken back.
    #[error("The run {0} cannot be restored: 'forebay gc' has begun to delete it for good.")]
    RunBeingPurged(RunId),
    /// A param was logged again with another value.
    #[error(
        "Changing param values is not allowed. Param with key='{}' was already logged with value='{}' for run \
         ID='{run_id}'. Attempted logging new value '{}'.",
        change.key, change.old, change.new
    )]
    ParamChanged {
        /// Where it was logged.
        run_id: RunId,
        /// What was logged, then and now.
        change: ParamChange,
    },
    /// A batch holds params that were logged before with other values.
    #[error(
        "Changing param values is not allowed. Params were already logged='{}' for run ID='{run_id}'.",
        python::literal(changes)
    )]
    ParamsChanged {
        /// Where they were logged.
        run_id: RunId,
        /// What was logged, then and now.
        changes: Vec<ParamChange>,
    },
    /// The run has no such tag.
    #[error("No tag with name: {key} in run with id {run_id}")]
    RunTagNotFound {
        /// The tag that was asked for.
        key: String,
        /// Where it was looked for.
        run_id: RunId,
    },
    /// A metric names a logged model that does not exist.
    #[error("Metric '{key}' belongs to model_id '{model_id}', but there is no such logged model")]
    ModelOfMetricNotFound {
        /// The metric.
        key: String,
        /// The model that it names.
        model_id: String,
    },
    /// A logged model has the point already, with another value or dataset.
    #[error(
        "Metric '{key}' of logged model '{model_id}' has another value or dataset already at timestamp \
         {timestamp_ms}, step {step}"
    )]
    ModelMetricChanged {
        /// The metric.
        key: String,
        /// The model.
        model_id: String,
        /// Milliseconds since the epoch.
        timestamp_ms: i64,
        /// The step.
        step: i64,
    },
    /// A list holds a key twice that it may hold once.
    #[error("Invalid value in '{field}': the key {} occurs more than once", python::literal(key))]
    Repeated {
        /// The list.
        field: &'static str,
        /// The key.
        key: String,
    },
    /// A run is known to have made the model already.
    #[error("Model '{model_id}' is an output of run '{run_id}' already, or was given twice")]
    OutputExists {
        /// The model.
        model_id: String,
        /// The run.
        run_id: RunId,
    },
    /// No logged model has the id, or only a deleted one.
    #[error("Logged model with ID '{0}' not found.")]
    LoggedModelNotFound(LoggedModelId),
    /// A param of a logged model is set once.
    #[error("Param {} of logged model '{id}' was logged already, or was given twice", python::literal(key))]
    ModelParamExists {
        /// The param.
        key: String,
        /// The model.
        id: LoggedModelId,
    },
    /// The logged model has no such tag.
    #[error("No tag with key {} found for model with ID '{id}'.", python::literal(key))]
    ModelTagNotFound {
        /// The tag that was asked for.
        key: String,
        /// Where it was looked for.
        id: LoggedModelId,
    },
    /// A request for a file of a logged model does not say which.
    #[error("Request must include the \"artifact_file_path\" query parameter.")]
    NoArtifactFilePath,
    /// An artifact was not read, written or deleted.
    #[error(transparent)]
    Artifact(#[from] StoreError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl Error {
    /// The code that the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Invalid(_)
            | Error::ExperimentNotActive(_)
            | Error::RenameOfDeletedExperiment(_)
            | Error::ExperimentBeingPurged(_)
            | Error::RunNotActive(_)
            | Error::RunBeingPurged(_)
            | Error::ParamChanged { .. }
            | Error::ParamsChanged { .. } => ErrorCode::InvalidParameterValue,
            Error::ExperimentNotFound(_)
            | Error::NoExperimentNamed(_)
            | Error::ExperimentTagNotFound { .. }
            | Error::RunNotFound(_)
            | Error::RunTagNotFound { .. }
            | Error::LoggedModelNotFound(_)
            | Error::ModelTagNotFound { .. } => ErrorCode::ResourceDoesNotExist,
            Error::NameTaken(_)
            | Error::ModelOfMetricNotFound { .. }
            | Error::ModelMetricChanged { .. }
            | Error::Repeated { .. }
            | Error::OutputExists { .. }
            | Error::ModelParamExists { .. }
            | Error::NoArtifactFilePath => ErrorCode::BadRequest,
            Error::ExperimentExists(_) => ErrorCode::ResourceAlreadyExists,
            Error::Artifact(error) => error.code(),
            Error::Db(error) => error.code(),
        }
    }
}
