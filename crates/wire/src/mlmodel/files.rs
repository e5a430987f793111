//! Which files of its own folder an `MLmodel` names.
//!
//! A flavor is a map of its own making, and nothing in it marks a value as a path, so the keys are listed here:
//! those under which the flavors of MLflow 3 and earlier look for files when they load a model. What a flavor
//! reads without naming it (`requirements.txt`, the weights beside an ONNX file, a pipeline's components) is not
//! known here.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{MlModel, MlModelError};

/// Keys of flavors whose value is a path, unless it is null or no text.
const PATH_KEYS: [&str; 18] = [
    "adapter_weights",
    "agent_data",
    "agent_primitive_data",
    "code",
    "data",
    "env",
    "model_binary",
    "model_data",
    "model_path",
    "parameters_path",
    "persist_dir",
    "peft_adaptor",
    "pickled_model",
    "python_model",
    "requirements_file",
    "saved_model_dir",
    "serialized_explainer",
    "tools_data",
];

/// The files for MLflow's managers of environments, in the map `env`.
const ENVIRONMENTS: [&str; 2] = ["conda", "virtualenv"];

pub(super) fn named(model: &MlModel) -> Result<Vec<String>, MlModelError> {
    let mut files = Files { model_files: BTreeSet::new() };
    for (flavor, config) in &model.flavors {
        for (key, value) in config {
            files.add_option(&format!("flavors.{flavor}.{key}"), key, value)?;
        }
    }
    if let Some(example) = &model.saved_input_example_info {
        let paths = [
            ("saved_input_example_info.artifact_path", &example.artifact_path),
            ("saved_input_example_info.serving_input_path", &example.serving_input_path),
        ];
        for (field, path) in paths {
            if let Some(path) = path {
                files.add(field, path)?;
            }
        }
    }
    Ok(files.model_files.into_iter().collect())
}

struct Files {
    model_files: BTreeSet<String>,
}

impl Files {
    /// Adds what one option of a flavor names.
    fn add_option(&mut self, field: &str, key: &str, value: &Value) -> Result<(), MlModelError> {
        match (key, value) {
            // MLflow keeps the path that the file had for whoever saved it, and looks for its last part here.
            ("model_code_path", Value::String(path)) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                self.add(field, name)
            }
            (key, Value::String(path)) if PATH_KEYS.contains(&key) => self.add(field, path),
            ("env", Value::Object(managers)) => {
                let known = managers.iter().filter(|(manager, _)| ENVIRONMENTS.contains(&manager.as_str()));
                self.add_texts(field, known)
            }
            ("artifacts", Value::Object(artifacts)) => artifacts
                .iter()
                .try_for_each(|(name, artifact)| self.add_path_of(&format!("{field}.{name}"), artifact)),
            ("extra_files", Value::Array(files)) => files
                .iter()
                .enumerate()
                .try_for_each(|(index, file)| self.add_path_of(&format!("{field}[{index}]"), file)),
            ("requirements_file", file) => self.add_path_of(field, file),
            _ => Ok(()),
        }
    }

    /// Adds the `path` of a map such as `{path: artifacts/a.txt, uri: a.txt}`.
    fn add_path_of(&mut self, field: &str, value: &Value) -> Result<(), MlModelError> {
        let Value::Object(fields) = value else { return Ok(()) };
        self.add_texts(field, fields.iter().filter(|(key, _)| *key == "path"))
    }

    fn add_texts<'a>(
        &mut self,
        field: &str,
        mut entries: impl Iterator<Item = (&'a String, &'a Value)>,
    ) -> Result<(), MlModelError> {
        entries.try_for_each(|(key, value)| match value {
            Value::String(path) => self.add(&format!("{field}.{key}"), path),
            _ => Ok(()),
        })
    }

    fn add(&mut self, field: &str, path: &str) -> Result<(), MlModelError> {
        let inside = inside(path).ok_or_else(|| MlModelError::Content {
            field: field.to_owned(),
            reason: format!("the path {} leaves the model's folder", Value::from(path)),
        })?;
        self.model_files.insert(inside);
        Ok(())
    }
}

/// The path without its `.` and trailing slash; `None` when it does not lead to something in the folder.
fn inside(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains("://") || path.contains(['\0', '\\']) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let is_inside = !parts.is_empty() && !parts.contains(&"..");
    is_inside.then(|| parts.join("/"))
}
