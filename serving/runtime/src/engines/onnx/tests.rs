//! The engine on the models of `tests/models`, against what onnxruntime makes of them in Python.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray, RecordBatch, RecordBatchOptions,
    StringArray,
};
use arrow::datatypes::{DataType, Field, Float32Type, Int64Type, Schema};
use half::f16;
use serde_json::Value;
use tempfile::TempDir;

use super::load;
use crate::engines::cancellation::Cancellation;
use crate::engines::{Device, Engine, EngineError, Lanes, LoadError, Loaded, Sharing};
use crate::model::batch::Batch;
use crate::model::dtype::DType;
use crate::model::folder::ModelFolder;
use crate::model::params::Params;
use crate::model::predictions::Predictions;
use crate::model::tensor::{Elements, Tensor};
use crate::queue::endpoint::Endpoint;
use crate::queue::error::ScoreError;
use crate::queue::limits::Limits;

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

#[test]
fn tensors_give_the_arrays_that_onnxruntime_gives_in_python() {
    let cases = cases();
    for (name, case) in cases.as_object().unwrap() {
        let Some(mut engine) = engine(name) else { return };
        let predictions = score(&mut engine, &Batch::Tensors(inputs(case)));
        if name.starts_with("zipmap") {
            assert_is_zipmap(&frame(predictions), &case["outputs"]);
            continue;
        }
        for (output, found) in arrays(predictions) {
            assert_near(&found, &tensor(&case["outputs"][&output]), &format!("{name}.{output}"));
        }
    }
}

fn assert_is_zipmap(frame: &RecordBatch, expected: &Value) {
    let found = objects(frame.column_by_name("output_probability").unwrap());
    let expected = expected["output_probability"].as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.as_object().unwrap().len());
        for (class, probability) in found {
            assert!((probability - expected[class].as_f64().unwrap()).abs() < TOLERANCE, "{class}");
        }
    }
}

#[test]
fn a_table_becomes_the_matrix_of_a_model_with_one_input_and_all_outputs_become_columns() {
    let cases = cases();
    for name in ["logistic", "zipmap", "zipmap_text", "forest"] {
        let Some(mut engine) = engine(name) else { return };
        let case = &cases[name];
        let found = frame(score(&mut engine, &matrix_as_table(&inputs(case)[0].1)));
        assert_eq!(found.num_rows(), 10);
        match name {
            "logistic" => {
                let labels = found["label"].as_primitive::<Int64Type>().values().to_vec();
                assert_eq!(Elements::Int64(labels), *tensor(&case["outputs"]["label"]).elements());
                let lists = found["probabilities"].as_list::<i32>();
                assert_eq!(lists.value_length(3), 3);
                let values = lists.values().as_primitive::<Float32Type>().values().to_vec();
                let values = Tensor::new(vec![10, 3], Elements::Fp32(values)).unwrap();
                assert_near(&values, &tensor(&case["outputs"]["probabilities"]), name);
            }
            "forest" => assert_eq!(*found["variable"].data_type(), DataType::Float32),
            _ => assert_is_zipmap(&found, &case["outputs"]),
        }
    }
}

#[test]
fn several_inputs_take_the_columns_of_their_names() {
    let Some(mut engine) = engine("by_column") else { return };
    let city: ArrayRef = Arc::new(StringArray::from(vec!["Oslo", "Rome", "Lima"]));
    let price: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 2.5, 3.5]));
    let count: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0]));
    let spare: ArrayRef = Arc::new(StringArray::from(vec!["x"; 3]));
    let all =
        vec![("count", count.clone()), ("spare", spare), ("price", price.clone()), ("city", city.clone())];
    let found = frame(score(&mut engine, &table(all)));
    let expected = tensor(&cases()["by_column"]["outputs"]["total"]);
    let total = found["total"].as_primitive::<Float32Type>().values().to_vec();
    assert_near(&Tensor::new(vec![3, 1], Elements::Fp32(total)).unwrap(), &expected, "total");
    assert_eq!(found["place"].as_string::<i32>().value(2), "Lima");

    let reason = refused(&mut engine, &table(vec![("city", city.clone()), ("price", price.clone())]));
    assert_eq!(
        reason,
        "input 'count' (INT64 [-1]) needs a column of its name; the columns are 'city', 'price'"
    );
    let half: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.5, 3.0]));
    let halves = table(vec![("city", city.clone()), ("price", price.clone()), ("count", half)]);
    let reason = refused(&mut engine, &halves);
    assert_eq!(reason, "column 'count', row 1: 2.5 does not fit input 'count', which takes INT64");
    let missing: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None]));
    let missing = table(vec![("city", city), ("price", price.clone()), ("count", missing)]);
    let reason = refused(&mut engine, &missing);
    assert_eq!(reason, "column 'count', row 2: null does not fit input 'count', which takes INT64");
    let nowhere: ArrayRef = Arc::new(StringArray::from(vec![Some("Oslo"), None, Some("Lima")]));
    let reason = refused(
        &mut engine,
        &table(vec![("city", nowhere), ("price", price.clone()), ("count", count.clone())]),
    );
    assert_eq!(reason, "column 'city', row 1: null does not fit input 'city', which takes BYTES");
    let reason =
        refused(&mut engine, &table(vec![("city", price.clone()), ("price", price), ("count", count)]));
    assert_eq!(reason, "column 'city' of type Float64 does not fit input 'city', which takes BYTES [-1, 1]");
}

#[test]
fn a_column_of_lists_becomes_a_matrix_if_they_are_of_one_length() {
    let Some(mut engine) = engine("embedding") else { return };
    let lists = |rows: Vec<Vec<i64>>| -> ArrayRef {
        let rows = rows.into_iter().map(|row| Some(row.into_iter().map(Some).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows))
    };
    let ids = lists(vec![vec![9, 9, 9], vec![0, 4, 1], vec![2, 2, 3]]).slice(1, 2);
    let found = frame(score(&mut engine, &table(vec![("ids", ids)])));
    let vectors = found["vectors"].as_list::<i32>();
    let first = vectors.value(0);
    let last = first.as_list::<i32>().value(1);
    assert_eq!(last.as_primitive::<Float32Type>().values().to_vec(), [8.0, 9.0]);
    let reason = refused(&mut engine, &table(vec![("ids", lists(vec![vec![1], vec![1, 2]]))]));
    assert!(
        reason.starts_with("column 'ids' needs a list of numbers in each row, all of one length"),
        "{reason}"
    );
    let beyond = refused(&mut engine, &table(vec![("ids", lists(vec![vec![1, 5]]))]));
    assert!(beyond.contains("out of data bounds") || beyond.contains("out of bounds"), "{beyond}");
    assert_eq!(frame(score(&mut engine, &table(vec![("ids", lists(vec![]))]))).num_rows(), 0);
}

#[test]
fn a_fixed_batch_is_filled_up_and_cut() {
    let Some(mut engine) = engine("fixed_batch") else { return };
    for n_rows in [0_i32, 1, 2, 3, 5] {
        let n = usize::try_from(n_rows).unwrap();
        let values: Vec<f64> = (0..n_rows * 3).map(f64::from).collect();
        let x = Tensor::new(vec![n, 3], Elements::Fp64(values)).unwrap();
        let y = arrays(score(&mut engine, &Batch::Tensors(vec![("x".to_owned(), x)])));
        let rows = (0..n_rows).map(|row| f64::from(row * 3));
        let expected: Vec<f64> =
            rows.flat_map(|x| [2.0 * (x + 1.0) + 4.0 * (x + 2.0), 9.0 * x + 13.0]).collect();
        let expected = Tensor::new(vec![n, 2], Elements::Fp64(expected)).unwrap();
        assert_eq!(y, [("y".to_owned(), expected)]);
    }
}

#[test]
fn a_large_batch_is_scored_in_pieces_and_gives_the_same() {
    for name in ["forest", "logistic"] {
        let Some(mut engine) = engine(name) else { return };
        let all = flowers(10_000);
        let input = |tensor: Tensor| Batch::Tensors(vec![(String::new(), tensor)]);
        for _ in 0..3 {
            let found = arrays(score(&mut engine, &input(all.clone())));
            for start in [0, 95, 96, 287, 5_000, 9_999] {
                let one = arrays(score(&mut engine, &input(all.slice(start, 1))));
                for ((_, one), (output, found)) in one.iter().zip(&found) {
                    assert_near(&found.slice(start, 1), one, &format!("{name}.{output}[{start}]"));
                }
            }
        }
        let found = frame(score(&mut engine, &matrix_as_table(&all)));
        assert_eq!(found.num_rows(), 10_000);
    }
}

#[test]
fn no_rows_give_no_rows() {
    let cases = cases();
    for (name, case) in cases.as_object().unwrap() {
        if name == "whole_batch" {
            continue;
        }
        let Some(mut engine) = engine(name) else { return };
        let none = inputs(case).into_iter().map(|(name, tensor)| (name, tensor.slice(0, 0))).collect();
        assert_eq!(score(&mut engine, &Batch::Tensors(none)).n_rows(), Some(0), "{name}");
    }
    let Some(mut engine) = engine("logistic") else { return };
    assert_eq!(score(&mut engine, &matrix_as_table(&flowers(0))).n_rows(), Some(0));
}

#[test]
fn a_tensor_that_does_not_fit_is_told_with_what_would() {
    let Some(mut engine) = engine("logistic") else { return };
    let mut said = |name: &str, shape: &[usize], elements| {
        let tensor = Tensor::new(shape.to_vec(), elements).unwrap();
        refused(&mut engine, &Batch::Tensors(vec![(name.to_owned(), tensor)]))
    };
    let floats = |n| Elements::Fp32(vec![0.0; n]);
    assert_eq!(said("X", &[2, 3], floats(6)), "input 'X' takes FP32 [-1, 4], found FP32 [2, 3]");
    assert_eq!(said("X", &[4], floats(4)), "input 'X' takes FP32 [-1, 4], found FP32 [4]");
    assert_eq!(said("X", &[], floats(1)), "input 'X' takes FP32 [-1, 4], found FP32 []");
    let texts = Elements::Bytes(vec![b"a".to_vec(); 4]);
    assert_eq!(said("X", &[1, 4], texts), "input 'X' takes FP32 [-1, 4], found BYTES [1, 4]");
    assert_eq!(said("Y", &[1, 4], floats(4)), "the model has no input 'Y'; it takes 'X'");
    let nothing = refused(&mut engine, &Batch::Tensors(Vec::new()));
    assert_eq!(nothing, "input 'X' is missing: FP32 [-1, 4]");
    let Batch::Columns(table) = matrix_as_table(&flowers(1)) else { panic!("no table") };
    let one_column = Batch::Columns(table.project(&[0]).unwrap());
    let wide = refused(&mut engine, &one_column);
    assert_eq!(wide, "input 'X' takes FP32 [-1, 4], which does not fit 1 columns for each row");
}

#[test]
fn values_of_tensors_that_do_not_fit_are_told_by_their_place() {
    let Some(mut many) = engine("many_types") else { return };
    let number = |elements| Batch::Tensors(vec![("number".to_owned(), Tensor::of_rows(elements))]);
    let reason = refused(&mut many, &number(Elements::Fp32(vec![1.0, 1.5])));
    assert_eq!(reason, "input 'number' takes INT64, which 1.5 (element 1) does not fit");
    assert_eq!(score(&mut many, &number(Elements::Int8(vec![1, 2]))).n_rows(), Some(2));

    let Some(mut by_column) = engine("by_column") else { return };
    let mut said = |city: Vec<Vec<u8>>, n_prices: usize| {
        let rows = |elements| Tensor::of_rows(elements);
        refused(
            &mut by_column,
            &Batch::Tensors(vec![
                ("city".to_owned(), rows(Elements::Bytes(city))),
                ("price".to_owned(), rows(Elements::Fp32(vec![1.0; n_prices]))),
                ("count".to_owned(), rows(Elements::Int64(vec![1; 2]))),
            ]),
        )
    };
    let not_text = "input 'city' takes texts in UTF-8, which element 1 is not";
    assert_eq!(said(vec![b"Oslo".to_vec(), vec![0xff]], 2), not_text);
    assert_eq!(said(vec![b"Oslo".to_vec(), b"a\0b".to_vec()], 2), not_text);
    assert_eq!(said(vec![b"Oslo".to_vec(); 2], 3), "input 'price' has 3 rows where input 'city' has 2");
}

#[test]
fn models_whose_rows_depend_on_one_another_are_scored_alone() {
    for (name, sharing) in [
        ("plain", Sharing::Shared),
        ("logistic", Sharing::Shared),
        ("fixed_batch", Sharing::Shared),
        ("quantised", Sharing::Alone),
        ("whole_batch", Sharing::Alone),
    ] {
        let Some(loaded) = loaded(name) else { return };
        assert_eq!(loaded.sharing, sharing, "{name}");
    }
}

#[test]
fn metadata_tells_inputs_and_outputs() {
    let Some(loaded) = loaded("zipmap") else { return };
    assert_eq!((loaded.platform, loaded.device.as_str()), ("onnxruntime", "cpu"));
    assert!(loaded.lanes.n_lanes >= 1 && loaded.lanes.n_threads == 1);
    let inputs = loaded.inputs.unwrap();
    assert_eq!((inputs[0].name.as_deref(), inputs[0].dtype), (Some("X"), DType::Fp32));
    assert_eq!(inputs[0].shape, [None, Some(4)]);
    let outputs = loaded.outputs.unwrap();
    assert_eq!((outputs[1].name.as_deref(), outputs[1].dtype), (Some("output_probability"), DType::Bytes));
}

#[test]
fn lanes_can_be_opened_again_and_with_other_threads() {
    if loaded("plain").is_none() {
        return;
    }
    let (_kept, folder) = folder("logistic");
    let loaded = load(&folder, Device::Cpu).unwrap();
    for n_threads in [1, 1, 2] {
        let mut engine = (loaded.open)(n_threads).unwrap();
        assert_eq!(score(&mut engine, &matrix_as_table(&flowers(3))).n_rows(), Some(3));
    }
}

#[test]
fn files_that_are_no_models_are_told_by_their_name() {
    if loaded("plain").is_none() {
        return;
    }
    let reason = |change: &dyn Fn(&Path)| {
        let (kept, folder) = folder("external");
        change(kept.path());
        match load(&folder, Device::Cpu) {
            Err(LoadError::Model(reason)) => reason,
            Err(error) => panic!("{error:?}"),
            Ok(_) => panic!("it is loaded"),
        }
    };
    let gone = reason(&|folder| fs::remove_file(folder.join("model.onnx")).unwrap());
    assert!(gone.starts_with("model.onnx cannot be loaded: "), "{gone}");
    let without_weights = reason(&|folder| fs::remove_file(folder.join("external.onnx.data")).unwrap());
    assert!(
        without_weights.starts_with("model.onnx cannot be loaded: external.onnx.data: "),
        "{without_weights}"
    );
    let cut = reason(&|folder| fs::write(folder.join("external.onnx.data"), [0; 8]).unwrap());
    assert!(cut.starts_with("model.onnx cannot be loaded: "), "{cut}");
    let text = reason(&|folder| fs::write(folder.join("model.onnx"), "nothing that is a model").unwrap());
    assert!(text.starts_with("model.onnx cannot be loaded: "), "{text}");
    let empty = reason(&|folder| fs::write(folder.join("model.onnx"), "").unwrap());
    assert!(empty.starts_with("model.onnx cannot be loaded: "), "{empty}");
    let (_kept, folder) = folder("outside");
    let outside = load(&folder, Device::Cpu).err().unwrap().to_string();
    assert!(outside.ends_with("'../outside.data' is outside of the model's folder"), "{outside}");
}

#[test]
fn cuda_is_used_where_it_is_and_an_error_where_it_is_not() {
    if loaded("plain").is_none() {
        return;
    }
    let (_kept, folder) = folder("plain");
    match load(&folder, Device::Cuda(0)) {
        Ok(loaded) => {
            assert_eq!(loaded.device, "cuda:0");
            let case = &cases()["plain"];
            let mut engine = (loaded.open)(loaded.lanes.n_threads).unwrap();
            let found = arrays(score(&mut engine, &Batch::Tensors(inputs(case))));
            assert_near(&found[0].1, &tensor(&case["outputs"]["y"]), "plain on a GPU");
        }
        Err(LoadError::Device { device, reason }) => {
            assert_eq!(device, "cuda:0");
            eprintln!("skipped: scoring on a GPU, which is not there: {reason}");
        }
        Err(error) => panic!("{error:?}"),
    }
    let auto = load(&folder, Device::Auto).unwrap();
    assert!(auto.device == "cpu" || auto.device == "cuda:0", "{}", auto.device);
}

#[test]
fn a_table_without_columns_has_rows_that_do_not_fit() {
    let Some(mut engine) = engine("logistic") else { return };
    let options = RecordBatchOptions::new().with_row_count(Some(2));
    let schema = Arc::new(Schema::empty());
    let empty = RecordBatch::try_new_with_options(schema, Vec::new(), &options).unwrap();
    let reason = refused(&mut engine, &Batch::Columns(empty));
    assert_eq!(reason, "input 'X' takes FP32 [-1, 4], which does not fit 0 columns for each row");
}

#[tokio::test]
async fn a_graph_that_computes_for_nobody_ends_and_its_lane_is_free() {
    let Some(loaded) = loaded("loops") else { return };
    let limits = Limits { batch_rows: 1, waiting_rows: 1, waiting_bytes: 1 << 20 };
    let lanes = Lanes { n_lanes: 1, n_threads: 1 };
    let endpoint = Endpoint::start(Loaded { lanes, ..loaded }, limits).unwrap();
    let count_to = |n: i64| {
        let steps = Tensor::of_rows(Elements::Int64(vec![n]));
        Batch::Tensors(vec![("n".to_owned(), steps)])
    };
    let (short, long) = (Duration::from_millis(50), Duration::from_mins(1));
    for _ in 0..2 {
        let endless = endpoint.score(count_to(i64::MAX), Params::default(), short).await;
        assert_eq!(endless, Err(ScoreError::DeadlinePassed(short)));
        let counted = endpoint.score(count_to(3), Params::default(), long).await.unwrap();
        let expected = Tensor::of_rows(Elements::Int64(vec![3]));
        assert_eq!(counted.predictions, Predictions::Arrays(vec![("counted".to_owned(), expected)]));
    }
    // The session was kept.
    assert_eq!(endpoint.trouble(), None);
}
