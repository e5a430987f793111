//! The file `MLmodel` in a model's folder: which flavors can load it, what it takes and gives, which files it names.
//!
//! Read are the fields that somebody here needs; a flavor is kept as it stands. Everything comes from whoever
//! logged the model, so a file is bounded, and a path that leaves the folder is an error.

mod files;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::signature::{FieldSpec, ParamSpec};
use crate::yaml::{self, YamlError};

/// Longest file, in bytes: room for a signature of a hundred thousand columns.
const MAX_FILE_LEN: usize = 16 * 1024 * 1024;

/// What an `MLmodel` says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct MlModel {
    /// Where the model was logged: a path in its run, or a URI. Not a path in the model's folder.
    pub artifact_path: Option<String>,
    /// By name, as they stand in the file.
    pub flavors: BTreeMap<String, BTreeMap<String, Value>>,
    /// The version of MLflow that wrote the file.
    pub mlflow_version: Option<String>,
    /// The logged model; older files have none.
    pub model_id: Option<String>,
    /// Of this folder.
    pub model_uuid: Option<String>,
    /// The run that logged it.
    pub run_id: Option<String>,
    /// What the model takes and gives, if that was said.
    pub signature: Option<Signature>,
    /// The example that was saved with the model.
    pub saved_input_example_info: Option<InputExample>,
}

/// What a model takes and gives: JSON inside of the YAML, as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Signature {
    inputs: Option<String>,
    outputs: Option<String>,
    params: Option<String>,
}

/// Where a saved example is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct InputExample {
    /// In the model's folder.
    pub artifact_path: Option<String>,
    /// In the model's folder: the same as a scoring server takes it. Older files have none.
    pub serving_input_path: Option<String>,
}

/// Why an `MLmodel` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MlModelError {
    /// It is not the YAML that it should be.
    #[error("Invalid MLmodel: {0}")]
    Yaml(YamlError),
    /// A field does not hold what it should.
    #[error("Invalid MLmodel: field '{field}' (line {line}): {reason}")]
    Field {
        /// Such as `flavors.sklearn`.
        field: String,
        /// From 1.
        line: u64,
        /// Without a full stop.
        reason: String,
    },
    /// A field holds JSON that is none, or not such as MLflow writes.
    #[error("Invalid MLmodel: field '{field}': {reason}")]
    Content {
        /// Such as `signature.inputs[0].type`.
        field: String,
        /// Without a full stop.
        reason: String,
    },
}

impl MlModel {
    /// Reads the text of the file.
    pub fn read(text: &str) -> Result<Self, MlModelError> {
        yaml::check_length(text, MAX_FILE_LEN).map_err(MlModelError::Yaml)?;
        let mut field = String::new();
        let mut options = yaml::options();
        // A flavor may hold anything that Python writes: tags of its own, and a null for a key.
        options.reject_unsupported_tags = false;
        options.null_as_string = true;
        let read = serde_saphyr::with_deserializer_from_str_with_options(text, options, |reader| {
            serde_path_to_error::deserialize(reader).map_err(|error| {
                field = error.path().to_string();
                error.into_inner()
            })
        });
        let error = match read {
            Ok(model) => return Ok(model),
            Err(error) => YamlError::from(error),
        };
        if field.is_empty() || field == "." {
            return Err(MlModelError::Yaml(error));
        }
        Err(MlModelError::Field { field, line: error.line, reason: error.reason })
    }

    /// The files and folders of the model's folder that this file names, each once, as paths in it.
    ///
    /// # Errors
    /// Names the field whose path leaves the folder.
    pub fn named_files(&self) -> Result<Vec<String>, MlModelError> {
        files::named(self)
    }
}

impl Signature {
    /// The inputs, if they are told.
    pub fn inputs(&self) -> Result<Option<Vec<FieldSpec>>, MlModelError> {
        specs("signature.inputs", self.inputs.as_deref())
    }

    /// The outputs, if they are told.
    pub fn outputs(&self) -> Result<Option<Vec<FieldSpec>>, MlModelError> {
        specs("signature.outputs", self.outputs.as_deref())
    }

    /// The params; none when they are not told.
    pub fn params(&self) -> Result<Vec<ParamSpec>, MlModelError> {
        Ok(specs("signature.params", self.params.as_deref())?.unwrap_or_default())
    }
}

/// The specs in a JSON text; `field` is where the text stands. MLflow writes `null` for what is not told.
fn specs<T: DeserializeOwned>(field: &str, json: Option<&str>) -> Result<Option<Vec<T>>, MlModelError> {
    let Some(json) = json else { return Ok(None) };
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let field = match path.as_str() {
            "." => field.to_owned(),
            inside if inside.starts_with('[') => format!("{field}{inside}"),
            inside => format!("{field}.{inside}"),
        };
        MlModelError::Content { field, reason: error.into_inner().to_string() }
    })?;
    let reason = |error: serde_json::Error| error.to_string();
    reader.end().map_err(|error| MlModelError::Content { field: field.to_owned(), reason: reason(error) })?;
    Ok(read)
}
