//! A model that is ready to score: parameters that were found to fit together.

use crate::check;
use crate::parameters::Parameters;

/// Parameters that fit together.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    parameters: Parameters,
    n_features: usize,
}

/// Why parameters are not a model's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field '{field}': {reason}")]
pub struct ModelError {
    /// Such as `parameters.coefficients[3]`; `.` for the whole.
    pub field: String,
    /// Without a full stop.
    pub reason: String,
}

impl Model {
    /// Parameters as a model.
    ///
    /// # Errors
    /// Names the field that does not fit to the others.
    pub fn new(parameters: Parameters) -> Result<Self, ModelError> {
        let n_features = check::n_features(&parameters)?;
        Ok(Model { parameters, n_features })
    }

    /// Reads what [`Model::write`] wrote.
    ///
    /// # Errors
    /// Names the field that is not what it should be.
    pub fn read(json: &[u8]) -> Result<Self, ModelError> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let parameters = serde_path_to_error::deserialize(&mut reader).map_err(|error| ModelError {
            field: error.path().to_string(),
            reason: error.into_inner().to_string(),
        })?;
        reader.end().map_err(|error| ModelError { field: ".".to_owned(), reason: error.to_string() })?;
        Model::new(parameters)
    }

    /// The model as JSON. Numbers are written so that they are read back as the same.
    pub fn write(&self) -> Vec<u8> {
        // All numbers are finite and all keys are texts, so nothing here can fail to be JSON.
        serde_json::to_vec(&self.parameters).unwrap_or_default()
    }

    /// What was learnt.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// How many features a row has; at least one.
    pub fn n_features(&self) -> usize {
        self.n_features
    }
}
