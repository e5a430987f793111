//! Models that Rust programs trained with linfa: the flavor `forebay.linfa`.
//!
//! What was learnt is read once and shared by all lanes; it is never changed. No thread of its own, no device but the
//! CPU.

mod features;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use forebay_linfa_flavor::{FLAVOR, FORMAT, Labels, Model, Parameters, Scores};
use serde_json::Value;

use super::cancellation::Cancellation;
use super::{Device, Engine, EngineError, Lanes, LoadError, Loaded, Sharing};
use crate::model::batch::Batch;
use crate::model::dtype::DType;
use crate::model::folder::ModelFolder;
use crate::model::params::Params;
use crate::model::predictions::Predictions;
use crate::model::signature::{ColumnType, Inputs, Signature, TensorField};
use crate::model::tensor::{Elements, Tensor};

/// Longest file with parameters, in bytes: a million support vectors of a hundred features are about this.
const MAX_FILE_LEN: u64 = 2 * 1024 * 1024 * 1024;

/// How long a chunk of rows is to take.
const STEP: Duration = Duration::from_millis(1);

/// Whether the folder holds a model of this flavor.
pub(crate) fn can_load(folder: &ModelFolder) -> bool {
    folder.mlmodel.flavors.contains_key(FLAVOR)
}

/// Reads the model of a folder that has the flavor `forebay.linfa`.
///
/// # Errors
/// [`LoadError::Device`] when it is to run on a GPU; [`LoadError::Model`] names the field that is not right.
pub(crate) fn load(folder: &ModelFolder, device: Device) -> Result<Loaded, LoadError> {
    if let Device::Cuda(number) = device {
        let reason = format!("models of the flavor {FLAVOR} run on the CPU alone");
        return Err(LoadError::Device { device: format!("cuda:{number}"), reason });
    }
    let model = Arc::new(read(folder)?);
    check_signature(&folder.signature, &model)?;
    let output = TensorField { name: None, dtype: output_type(model.parameters()), shape: vec![None] };
    Ok(Loaded {
        platform: "linfa",
        device: "cpu".to_owned(),
        inputs: None,
        outputs: Some(vec![output]),
        sharing: Sharing::Shared,
        open: Box::new(move |_| Ok(Box::new(Linfa { model: Arc::clone(&model) }))),
        lanes: Lanes { n_lanes: available_parallelism().map_or(1, usize::from), n_threads: 1 },
    })
}

struct Linfa {
    model: Arc<Model>,
}

impl Engine for Linfa {
    /// It ends between chunks of rows when it is cancelled.
    fn score(
        &mut self,
        batch: &Batch,
        _: &Params,
        cancellation: &Cancellation,
    ) -> Result<Predictions, EngineError> {
        let rows = features::rows(&self.model, batch)?;
        let mut scores = Tensor::of_rows(elements(self.model.predict(&[])));
        let (mut rest, mut n_rows) = (&rows[..], 1_usize);
        while !rest.is_empty() {
            cancellation.check()?;
            let length = n_rows.saturating_mul(self.model.n_features()).min(rest.len());
            let (chunk, behind) = rest.split_at(length);
            let begun = Instant::now();
            let more = Tensor::of_rows(elements(self.model.predict(chunk)));
            scores.append(more).map_err(|error| EngineError::Failed(error.to_string()))?;
            // Rows of one model differ by a factor of a million from those of another.
            if begun.elapsed() < STEP {
                n_rows = n_rows.saturating_mul(2);
            }
            rest = behind;
        }
        Ok(Predictions::Array(scores))
    }
}

fn elements(scores: Scores) -> Elements {
    match scores {
        Scores::Numbers(numbers) => Elements::Fp64(numbers),
        Scores::Integers(labels) => Elements::Int64(labels),
        Scores::Booleans(labels) => Elements::Bool(labels),
        Scores::Texts(labels) => Elements::Bytes(labels.into_iter().map(String::into_bytes).collect()),
    }
}

fn output_type(parameters: &Parameters) -> DType {
    match (parameters, parameters.labels()) {
        (_, Some(Labels::Booleans(_))) => DType::Bool,
        (_, Some(Labels::Texts(_))) => DType::Bytes,
        (_, Some(Labels::Integers(_))) | (Parameters::KMeans { .. }, None) => DType::Int64,
        (_, None) => DType::Fp64,
    }
}

fn read(folder: &ModelFolder) -> Result<Model, LoadError> {
    let field = |name: &str| folder.mlmodel.flavors.get(FLAVOR).and_then(|flavor| flavor.get(name));
    let refuse = |name: &str, reason: String| {
        LoadError::Model(format!("Invalid MLmodel: field 'flavors.{FLAVOR}.{name}': {reason}"))
    };
    let format = field("format").and_then(Value::as_i64);
    if format != Some(FORMAT) {
        let found = field("format").map_or_else(|| "it is missing".to_owned(), Value::to_string);
        return Err(refuse("format", format!("{found}, where {FORMAT} can be read")));
    }
    let Some(path) = folder.flavor_path(FLAVOR, "data") else {
        return Err(refuse("data", "it names no file in the model's folder".to_owned()));
    };
    let model = read_file(&path)?;
    let (kind, told) = (model.parameters().kind(), field("kind").and_then(Value::as_str));
    if told != Some(kind) {
        return Err(refuse("kind", format!("{} is of the kind '{kind}'", path.display())));
    }
    Ok(model)
}

fn read_file(path: &Path) -> Result<Model, LoadError> {
    let unreadable =
        |reason: String| LoadError::Model(format!("{} cannot be read: {reason}", path.display()));
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut json = Vec::new();
    file.take(MAX_FILE_LEN + 1).read_to_end(&mut json).map_err(|error| unreadable(error.to_string()))?;
    if json.len() as u64 > MAX_FILE_LEN {
        return Err(unreadable(format!("it is longer than {MAX_FILE_LEN} bytes")));
    }
    Model::read(&json).map_err(|error| LoadError::Model(format!("{}: {error}", path.display())))
}

/// Whether rows of this signature are such as the model was trained on.
fn check_signature(signature: &Signature, model: &Model) -> Result<(), LoadError> {
    let n_features = model.n_features();
    let refuse = |reason: String| {
        Err(LoadError::Model(format!("Invalid MLmodel: field 'signature.inputs': {reason}")))
    };
    match &signature.inputs {
        Inputs::Untold => Ok(()),
        Inputs::Columns(columns) if columns.len() != n_features => {
            refuse(format!("{} columns, where the model takes {n_features} features", columns.len()))
        }
        Inputs::Columns(columns) => match columns.iter().position(|column| !is_number(&column.column_type)) {
            Some(position) => refuse(format!("column {position} is not of numbers")),
            None => Ok(()),
        },
        Inputs::Tensors(tensors) => match &tensors[..] {
            [tensor] if matches!(tensor.shape[..], [_, None]) => Ok(()),
            [tensor] if matches!(tensor.shape[..], [_, Some(length)] if length == n_features) => Ok(()),
            _ => refuse(format!("they are not one tensor of the shape [-1, {n_features}]")),
        },
    }
}

fn is_number(column_type: &ColumnType) -> bool {
    match column_type {
        ColumnType::Boolean
        | ColumnType::Integer
        | ColumnType::Long
        | ColumnType::Float
        | ColumnType::Double => true,
        ColumnType::String
        | ColumnType::Binary
        | ColumnType::Datetime
        | ColumnType::Array(_)
        | ColumnType::Map(_)
        | ColumnType::Object(_)
        | ColumnType::Any => false,
    }
}

#[cfg(test)]
mod tests;
