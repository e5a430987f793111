//! A folder as training programs write it is loaded and scored; broken ones name what is wrong.

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use forebay_linfa_flavor::{Folder, Kernel, Node, Origin, Support};
use tempfile::TempDir;

use super::*;

/// Setosa if the petal is short, else the one or the other.
fn tree() -> Parameters {
    let label = |label: &str| label.to_owned();
    Parameters::DecisionTree {
        n_features: 2,
        nodes: vec![
            Node::Split { feature: 1, below: 2.45, left: 1, right: 2 },
            Node::Leaf(0),
            Node::Split { feature: 0, below: 6.0, left: 3, right: 4 },
            Node::Leaf(1),
            Node::Leaf(2),
        ],
        labels: Labels::Texts(vec![label("setosa"), label("versicolor"), label("virginica")]),
    }
}

fn line() -> Parameters {
    Parameters::LinearRegression { coefficients: vec![2.0, -1.0], intercept: 0.5 }
}

fn write(parameters: Parameters) -> TempDir {
    let columns = vec!["length".to_owned(), "width".to_owned()];
    let folder = Folder::new(Model::new(parameters).unwrap(), columns).unwrap();
    let place = tempfile::tempdir().unwrap();
    for (path, content) in folder.files(&Origin::default()) {
        fs::write(place.path().join(path), content).unwrap();
    }
    place
}

fn open(parameters: Parameters) -> Box<dyn Engine> {
    let place = write(parameters);
    let loaded = load(&ModelFolder::open(place.path()).unwrap(), Device::Auto).unwrap();
    (loaded.open)(1).unwrap()
}

fn columns(length: ArrayRef, width: ArrayRef) -> Batch {
    Batch::Columns(
        RecordBatch::try_from_iter_with_nullable([("length", length, true), ("width", width, true)]).unwrap(),
    )
}

fn doubles(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

/// Scores for somebody who waits to the end.
fn scored(engine: &mut dyn Engine, batch: &Batch) -> Result<Predictions, EngineError> {
    engine.score(batch, &Params::default(), &Cancellation::default())
}

fn refused(engine: &mut dyn Engine, batch: &Batch) -> String {
    let error = scored(engine, batch).unwrap_err();
    let EngineError::Invalid(text) = error else { panic!("{error:?}") };
    text
}

#[test]
fn columns_and_tensors_are_scored() {
    let mut engine = open(line());
    let expected = Predictions::Array(Tensor::of_rows(Elements::Fp64(vec![1.5, -3.5])));
    let batch = columns(doubles(&[1.0, -1.0]), Arc::new(Int64Array::from(vec![1, 2])));
    assert_eq!(scored(&mut *engine, &batch).unwrap(), expected);
    let tensor = Tensor::new(vec![2, 2], Elements::Fp32(vec![1.0, 1.0, -1.0, 2.0])).unwrap();
    let batch = Batch::Tensors(vec![(String::new(), tensor)]);
    assert_eq!(scored(&mut *engine, &batch).unwrap(), expected);
    let none = scored(&mut *engine, &columns(doubles(&[]), doubles(&[]))).unwrap();
    assert_eq!(none.n_rows(), Some(0));
}

#[test]
fn many_rows_are_scored_in_their_order_chunk_by_chunk() {
    let lengths: Vec<f64> = (0..5_000_u32).map(f64::from).collect();
    let batch = columns(doubles(&lengths), doubles(&vec![0.0; lengths.len()]));
    let expected = lengths.iter().map(|length| 2.0 * length + 0.5).collect();
    let scores = scored(&mut *open(line()), &batch).unwrap();
    assert_eq!(scores, Predictions::Array(Tensor::of_rows(Elements::Fp64(expected))));
}

#[test]
fn scoring_ends_soon_after_nobody_waits_for_it() {
    let vectors: Vec<Vec<f64>> = (0..2_000_u32).map(|place| vec![f64::from(place), 1.0]).collect();
    let weights = vec![1.0; vectors.len()];
    let support = Support::Vectors { kernel: Kernel::Gaussian { width: 1.0 }, vectors, weights };
    let mut engine = open(Parameters::SvmRegression { support, rho: 0.0 });
    // Minutes of work.
    let many = vec![0.5; 1_000_000];
    let batch = columns(doubles(&many), doubles(&many));
    let (wanted, cancelled) = (Cancellation::default(), Cancellation::default());
    cancelled.cancel();
    let expected = Err(EngineError::Failed("nobody waits for it any more".to_owned()));
    assert_eq!(engine.score(&batch, &Params::default(), &cancelled), expected);
    let caller = wanted.clone();
    std::thread::spawn(move || caller.cancel());
    assert_eq!(engine.score(&batch, &Params::default(), &wanted), expected);
}

#[test]
fn a_tree_answers_labels_and_takes_infinities() {
    let batch = columns(doubles(&[5.0, 5.0, f64::INFINITY]), doubles(&[f64::NEG_INFINITY, 3.0, 3.0]));
    let labels = ["setosa", "versicolor", "virginica"].map(|label| label.as_bytes().to_vec()).to_vec();
    let predictions = scored(&mut *open(tree()), &batch).unwrap();
    assert_eq!(predictions, Predictions::Array(Tensor::of_rows(Elements::Bytes(labels))));
}

#[test]
fn what_a_model_cannot_take_is_named() {
    let mut engine = open(line());
    let missing = "column 'width', row 1: null or NaN, where the model needs a number";
    let null: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
    assert_eq!(refused(&mut *engine, &columns(doubles(&[0.0, 0.0]), null)), missing);
    assert_eq!(refused(&mut *engine, &columns(doubles(&[0.0, 0.0]), doubles(&[0.0, f64::NAN]))), missing);
    let infinite = refused(&mut *engine, &columns(doubles(&[f64::INFINITY]), doubles(&[0.0])));
    assert_eq!(infinite, "column 'length', row 0: inf, where a finite number is expected");
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let texts = refused(&mut *engine, &columns(text, doubles(&[0.0])));
    assert_eq!(texts, "column 'length': Utf8 came, where numbers are expected");
    let wide = Tensor::new(vec![1, 3], Elements::Fp64(vec![0.0; 3])).unwrap();
    let shape = refused(&mut *engine, &Batch::Tensors(vec![("x".to_owned(), wide)]));
    assert_eq!(shape, "the model takes one tensor of numbers of the shape [-1, 2], x FP64 [1, 3] came");
}

#[test]
fn a_gpu_is_refused() {
    let folder = ModelFolder::open(write(line()).path()).unwrap();
    let error = load(&folder, Device::Cuda(1)).err().unwrap();
    assert_eq!(error.to_string(), "--device cuda:1: models of the flavor forebay.linfa run on the CPU alone");
}

#[test]
fn a_broken_folder_names_the_field() {
    let broken = [
        ("MLmodel", "format: 1", "format: 2", "field 'flavors.forebay.linfa.format': 2, where 1 can be read"),
        ("MLmodel", "data: model.json", "data: ../x", "field 'flavors.forebay.linfa.data': it names no file"),
        ("MLmodel", "data: model.json", "data: x", "x cannot be read: No such file"),
        ("MLmodel", "linear_regression", "k_means", "field 'flavors.forebay.linfa.kind'"),
        ("MLmodel", r#",{\"name\":\"width\",\"required\":true,\"type\":\"double\"}"#, "", "1 columns, where"),
        ("MLmodel", r#"\"type\":\"double\""#, r#"\"type\":\"string\""#, "column 0 is not of numbers"),
        ("model.json", "2.0", "\"2\"", "model.json: field 'parameters.coefficients[0]'"),
        ("model.json", "intercept", "offset", "unknown field `offset`"),
    ];
    for (file, from, to, expected) in broken {
        let place = write(line());
        let path = place.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        let Err(error) = load(&ModelFolder::open(place.path()).unwrap(), Device::Auto) else {
            panic!("{expected}")
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
}
