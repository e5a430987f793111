//! The engine on the models of `tests/models`, against what onnxruntime makes of them in Python. Here is what its tests
//! share.

mod predictions;
mod feeding;
mod loading;
mod cancelling;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::datatypes::{Field, Float32Type, Schema};
use half::f16;
use serde_json::Value;
use tempfile::TempDir;

use super::load;
use crate::engines::cancellation::Cancellation;
use crate::engines::{Device, Engine, EngineError, LoadError, Loaded};
use crate::model::batch::Batch;
use crate::model::dtype::DType;
use crate::model::folder::ModelFolder;
use crate::model::params::Params;
use crate::model::predictions::Predictions;
use crate::model::tensor::{Elements, Tensor};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models");
const TOLERANCE: f64 = 1e-5;

/// A folder as `mlflow.onnx` writes it, with this model and its weights.
fn folder(name: &str) -> (TempDir, ModelFolder) {
    let kept = tempfile::tempdir().unwrap();
    let mlmodel = "flavors:\n  onnx:\n    data: model.onnx\n    onnx_version: 1.23.2\n";
    fs::write(kept.path().join("MLmodel"), mlmodel).unwrap();
    fs::copy(Path::new(MODELS).join(format!("{name}.onnx")), kept.path().join("model.onnx")).unwrap();
    let weights = Path::new(MODELS).join(format!("{name}.onnx.data"));
    if weights.is_file() {
        fs::copy(&weights, kept.path().join(weights.file_name().unwrap())).unwrap();
    }
    let folder = ModelFolder::open(kept.path()).unwrap();
    (kept, folder)
}

/// Loads a model; none, visibly, where there is no ONNX Runtime and none is required.
#[expect(clippy::disallowed_methods, reason = "whether a test may be skipped is told by who runs it")]
fn loaded(name: &str) -> Option<Loaded> {
    let (_kept, folder) = folder(name);
    match load(&folder, Device::Cpu) {
        Err(LoadError::Missing(reason)) if std::env::var_os("FOREBAY_REQUIRE_ONNXRUNTIME").is_none() => {
            eprintln!("skipped: {reason}");
            None
        }
        loaded => Some(loaded.unwrap()),
    }
}

fn engine(name: &str) -> Option<Box<dyn Engine>> {
    let loaded = loaded(name)?;
    Some((loaded.open)(loaded.lanes.n_threads).unwrap())
}

fn score(engine: &mut Box<dyn Engine>, batch: &Batch) -> Predictions {
    engine.score(batch, &Params::default(), &Cancellation::default()).unwrap()
}

fn refused(engine: &mut Box<dyn Engine>, batch: &Batch) -> String {
    match engine.score(batch, &Params::default(), &Cancellation::default()).unwrap_err() {
        EngineError::Invalid(reason) => reason,
        error => panic!("{error:?}"),
    }
}

fn cases() -> Value {
    serde_json::from_str(&fs::read_to_string(Path::new(MODELS).join("expected.json")).unwrap()).unwrap()
}

#[expect(clippy::cast_possible_truncation, reason = "floats were single before they became JSON")]
fn tensor(described: &Value) -> Tensor {
    let values = described["values"].as_array().unwrap();
    let floats = || values.iter().map(|value| value.as_f64().unwrap());
    let elements = match described["dtype"].as_str().unwrap() {
        "FP64" => Elements::Fp64(floats().collect()),
        "FP32" => Elements::Fp32(floats().map(|value| value as f32).collect()),
        "FP16" => Elements::Fp16(floats().map(f16::from_f64).collect()),
        "INT8" => Elements::Int8(values.iter().map(|value| value.as_i64().unwrap() as i8).collect()),
        "UINT32" => {
            Elements::Uint32(values.iter().map(|value| value.as_i64().unwrap().try_into().unwrap()).collect())
        }
        "INT64" => Elements::Int64(values.iter().map(|value| value.as_i64().unwrap()).collect()),
        "BOOL" => Elements::Bool(values.iter().map(|value| value.as_bool().unwrap()).collect()),
        "BYTES" => {
            Elements::Bytes(values.iter().map(|value| value.as_str().unwrap().as_bytes().to_vec()).collect())
        }
        dtype => panic!("{dtype}"),
    };
    let shape = described["shape"].as_array().unwrap().iter().map(|length| length.as_u64().unwrap() as usize);
    Tensor::new(shape.collect(), elements).unwrap()
}

fn inputs(case: &Value) -> Vec<(String, Tensor)> {
    case["inputs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, described)| (name.clone(), tensor(described)))
        .collect()
}

fn floats(elements: &Elements) -> Option<Vec<f64>> {
    match elements {
        Elements::Fp64(values) => Some(values.clone()),
        Elements::Fp32(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
        _ => None,
    }
}

fn assert_near(found: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!((found.shape(), found.dtype()), (expected.shape(), expected.dtype()), "{what}");
    match (floats(found.elements()), floats(expected.elements())) {
        (Some(found), Some(expected)) => {
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
                    "{what}: {found} {expected}"
                );
            }
        }
        _ => assert_eq!(found.elements(), expected.elements(), "{what}"),
    }
}

/// The objects of a column, as JSON.
fn objects(column: &ArrayRef) -> Vec<Vec<(String, f64)>> {
    let maps = column.as_map();
    let row = |row| {
        let entries = maps.value(row);
        let (keys, values) =
            (entries.column(0).as_string::<i32>(), entries.column(1).as_primitive::<Float32Type>());
        let pair =
            |(key, value): (Option<&str>, Option<f32>)| (key.unwrap().to_owned(), f64::from(value.unwrap()));
        keys.iter().zip(values.iter()).map(pair).collect()
    };
    (0..maps.len()).map(row).collect()
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Batch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    Batch::Columns(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap())
}

/// The columns of a matrix, in double precision.
fn matrix_as_table(matrix: &Tensor) -> Batch {
    let (n_columns, values) = (matrix.shape()[1], floats(matrix.elements()).unwrap());
    let column = |index| -> ArrayRef {
        Arc::new(values.iter().skip(index).step_by(n_columns).copied().map(Some).collect::<Float64Array>())
    };
    table(
        ["a", "b", "c", "d"]
            .into_iter()
            .take(n_columns)
            .enumerate()
            .map(|(i, name)| (name, column(i)))
            .collect(),
    )
}

fn columns(predictions: Predictions) -> RecordBatch {
    let Predictions::Columns(columns) = predictions else { panic!("{predictions:?}") };
    columns
}

fn frame(predictions: Predictions) -> RecordBatch {
    let Predictions::Frame(frame) = predictions else { panic!("{predictions:?}") };
    frame
}

fn arrays(predictions: Predictions) -> Vec<(String, Tensor)> {
    let Predictions::Arrays(arrays) = predictions else { panic!("{predictions:?}") };
    arrays
}

/// A matrix of rows that differ.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn flowers(n_rows: usize) -> Tensor {
    let values = (0..n_rows * 4).map(|index| (index % 79) as f32 / 10.0).collect();
    Tensor::new(vec![n_rows, 4], Elements::Fp32(values)).unwrap()
}
