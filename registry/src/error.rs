//! Everything that the registry can answer instead of success, with its code.
//!
//! Texts of 4xx errors are what the Python user reads; where MLflow's clients match on a text it is MLflow's.

use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_core::python;
use forebay_db as db;

use crate::model::name::VersionKey;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the request is missing, malformed or out of bounds.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No registered model has the name.
    #[error("Registered Model with name={0} not found")]
    ModelNotFound(String),
    /// The name is taken by something of the same kind.
    #[error("{kind} (name={name}) already exists.")]
    NameTaken {
        /// Model or prompt.
        kind: Kind,
        /// The name.
        name: String,
    },
    /// Models and prompts share their names.
    #[error(
        "Tried to create a {} with name {}, but the name is already taken by a {}. MLflow does not allow creating a \
         model and a prompt with the same name.",
        new.in_a_sentence(), python::literal(name), new.other().in_a_sentence()
    )]
    NameTakenByOtherKind {
        /// What was to be created.
        new: Kind,
        /// The name.
        name: String,
    },
    /// A model is to get a name that another one has.
    #[error("Registered Model (name={0}) already exists.")]
    NewNameTaken(String),
    /// The model has no such version, or only a deleted one.
    #[error("Model Version (name={}, version={}) not found", .0.name, .0.version)]
    VersionNotFound(VersionKey),
    /// No logged model has the id, or only a deleted one.
    #[error("Logged model with ID '{0}' not found.")]
    LoggedModelNotFound(String),
    /// The alias is not set.
    #[error("Registered model alias {0} not found.")]
    AliasNotFound(String),
    /// A model has no version at all, so none is the latest.
    #[error("Latest version not found for model {0}.")]
    NoLatestVersion(String),
    /// A source names the latest version of a model that has none in the stage.
    #[error("No versions of model with name '{name}'{} found", in_stage(stage.as_deref()))]
    NoVersionInStage {
        /// The name of the model.
        name: String,
        /// The stage, if the source names one.
        stage: Option<String>,
    },
    /// Other servers took every number that this one drew for a new version.
    #[error("Model Version creation error (name={0}): others create versions of it all the time. Try again.")]
    NoFreeNumber(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

/// What a name of the registry stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A registered model.
    Model,
    /// A prompt.
    Prompt,
}

impl Kind {
    fn other(self) -> Self {
        match self {
            Kind::Model => Kind::Prompt,
            Kind::Prompt => Kind::Model,
        }
    }

    fn in_a_sentence(self) -> &'static str {
        match self {
            Kind::Model => "registered model",
            Kind::Prompt => "prompt",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Model => "Registered Model",
            Kind::Prompt => "Prompt",
        })
    }
}

fn in_stage(stage: Option<&str>) -> String {
    stage.map(|stage| format!(" and stage '{stage}'")).unwrap_or_default()
}

impl Error {
    /// The code that the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            // A missing alias is a wrong value, not a missing resource: the stock client expects it so.
            Error::Invalid(_) | Error::AliasNotFound(_) => ErrorCode::InvalidParameterValue,
            Error::ModelNotFound(_)
            | Error::VersionNotFound(_)
            | Error::LoggedModelNotFound(_)
            | Error::NoLatestVersion(_)
            | Error::NoVersionInStage { .. } => ErrorCode::ResourceDoesNotExist,
            Error::NameTaken { .. } | Error::NameTakenByOtherKind { .. } | Error::NewNameTaken(_) => {
                ErrorCode::ResourceAlreadyExists
            }
            Error::NoFreeNumber(_) => ErrorCode::TemporarilyUnavailable,
            Error::Db(error) => error.code(),
        }
    }
}
