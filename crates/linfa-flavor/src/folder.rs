//! The files of a model's folder: the `MLmodel`, which says what the model takes and gives, and the parameters.

use serde_json::{Value, json};

use crate::labels::Labels;
use crate::model::{Model, ModelError};
use crate::parameters::Parameters;

/// The name of the flavor in `MLmodel`.
pub const FLAVOR: &str = "forebay.linfa";

/// The version of the format that is written and read.
pub const FORMAT: i64 = 1;

/// The file with the parameters, which the flavor's field `data` names.
pub const MODEL_FILE: &str = "model.json";

/// A model with the names of its features.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    model: Model,
    columns: Vec<String>,
}

/// Where a model comes from; all of it may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Where the folder is: a URI.
    pub artifact_uri: Option<String>,
    /// The logged model.
    pub model_id: Option<String>,
    /// The run that trained it.
    pub run_id: Option<String>,
}

impl Folder {
    /// A model with the names of its features in the order of training. Callers send them as doubles.
    ///
    /// # Errors
    /// When there is not one name for each feature.
    pub fn new(model: Model, columns: Vec<String>) -> Result<Self, ModelError> {
        let (n_columns, n_features) = (columns.len(), model.n_features());
        if n_columns != n_features {
            let reason = format!("{n_columns} names for {n_features} features");
            return Err(ModelError { field: "columns".to_owned(), reason });
        }
        Ok(Folder { model, columns })
    }

    /// The files with their paths in the folder.
    pub fn files(&self, origin: &Origin) -> Vec<(String, Vec<u8>)> {
        vec![
            ("MLmodel".to_owned(), self.mlmodel(origin).into_bytes()),
            (MODEL_FILE.to_owned(), self.model.write()),
        ]
    }

    fn mlmodel(&self, origin: &Origin) -> String {
        // Texts in YAML's double quotes are written as in JSON.
        let text = |value: &str| Value::from(value).to_string();
        let known = |key: &str, value: &Option<String>| {
            value.as_ref().map_or_else(String::new, |value| format!("{key}: {}\n", text(value)))
        };
        let parameters = self.model.parameters();
        [
            known("artifact_path", &origin.artifact_uri),
            format!("flavors:\n  {FLAVOR}:\n    data: {MODEL_FILE}\n    format: {FORMAT}\n"),
            format!("    kind: {}\n", parameters.kind()),
            known("model_id", &origin.model_id),
            known("run_id", &origin.run_id),
            format!("signature:\n  inputs: {}\n", text(&inputs(&self.columns).to_string())),
            format!("  outputs: {}\n  params: null\n", text(&outputs(parameters).to_string())),
        ]
        .concat()
    }
}

/// The columns, as MLflow describes them.
fn inputs(columns: &[String]) -> Value {
    columns.iter().map(|name| json!({"type": "double", "name": name, "required": true})).collect()
}

/// What is answered: one element for each row.
fn outputs(parameters: &Parameters) -> Value {
    let dtype = match (parameters, parameters.labels()) {
        (_, Some(Labels::Booleans(_))) => "bool",
        (_, Some(Labels::Texts(_))) => "str",
        (_, Some(Labels::Integers(_))) | (Parameters::KMeans { .. }, None) => "int64",
        (_, None) => "float64",
    };
    json!([{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1]}}])
}
