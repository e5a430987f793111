//! The engine with a real Python: `FOREBAY_TEST_PYTHON`, or `python3` on `PATH`, where it has mlflow and scikit-learn.
//! Without one these tests say that they are skipped; with `FOREBAY_REQUIRE_PYTHON=1` they fail instead.

mod choosing;

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use forebay_wire::mlmodel::MlModel;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::*;
use crate::model::signature::Column;
use crate::model::tensor::{Elements, Tensor};

/// What makes the models.
const MAKER: &str = include_str!("test_models.py");

/// Why tests are skipped.
const NO_PYTHON: &str = "neither FOREBAY_TEST_PYTHON nor python3 has mlflow and sklearn";

/// Models that were made for tests that run now, and what MLflow's own server answers for them.
struct Models {
    options: PythonOptions,
    folder: TempDir,
    expected: Value,
}

impl Models {
    /// None where there is no Python.
    fn made() -> Option<Arc<Models>> {
        static MADE: Mutex<Weak<Models>> = Mutex::new(Weak::new());
        static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(python);
        let Some(python) = PYTHON.clone() else {
            assert!(variable("FOREBAY_REQUIRE_PYTHON").is_none(), "{NO_PYTHON}");
            eprintln!("skipped: {NO_PYTHON}");
            return None;
        };
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(models) = made.upgrade() {
            return Some(models);
        }
        let models = Arc::new(Models::make(python));
        *made = Arc::downgrade(&models);
        Some(models)
    }

    fn make(python: PathBuf) -> Models {
        let folder = TempDir::new().unwrap();
        let made = Command::new(&python).args(["-c", MAKER]).arg(folder.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let expected = fs::read(folder.path().join("expected.json")).unwrap();
        let options = PythonOptions { python, ..PythonOptions::default() };
        Models { options, expected: serde_json::from_slice(&expected).unwrap(), folder }
    }

    fn folder(&self, model: &str) -> ModelFolder {
        ModelFolder::open(&self.folder.path().join(model)).unwrap()
    }

    fn load(&self, model: &str) -> Loaded {
        load(&self.folder(model), &self.options).unwrap()
    }

    fn open(&self, model: &str) -> Box<dyn Engine> {
        (self.load(model).open)(1).unwrap()
    }

    fn python(&self, model: &str) -> Python {
        let (options, model) = (self.options.clone(), self.folder.path().join(model));
        Python::open(Arc::new(Launch { options, model, n_threads: 1, has_params: true })).unwrap()
    }

    /// Why a model cannot be opened.
    fn refused(&self, model: &str, options: &PythonOptions) -> LoadError {
        let opened = (load(&self.folder(model), options).unwrap().open)(1);
        opened.err().expect("an error")
    }

    /// Rows of a model's columns, from JSON as Arrow reads it.
    fn rows(&self, model: &str, rows: &Value) -> Batch {
        let Inputs::Columns(columns) = self.folder(model).signature.inputs else { panic!("no columns") };
        let schema = Arc::new(Schema::new(columns.iter().map(Column::arrow).collect::<Vec<_>>()));
        let mut decoder = arrow::json::ReaderBuilder::new(schema).build_decoder().unwrap();
        decoder.serialize(rows.as_array().unwrap()).unwrap();
        Batch::Columns(decoder.flush().unwrap().unwrap())
    }

    /// Two rows for the model that does as it is told.
    fn deed(&self, deed: &str) -> Batch {
        self.rows("deeds", &json!([{"x": 1.5, "deed": deed}, {"x": -3.0, "deed": deed}]))
    }
}

/// Scores for somebody who waits to the end.
fn score(engine: &mut dyn Engine, batch: &Batch, params: &Params) -> Result<Predictions, EngineError> {
    engine.score(batch, params, &Cancellation::default())
}

fn python() -> Option<PathBuf> {
    let python = PathBuf::from(variable("FOREBAY_TEST_PYTHON").unwrap_or_else(|| "python3".into()));
    let mut asked = Command::new(&python);
    asked.args(["-c", "import mlflow, sklearn"]).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success()).then_some(python)
}

fn variable(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "tests have no command line")]
    std::env::var_os(name)
}

/// The params of the model that does as it is told.
fn params(name: &str) -> Params {
    Params(Map::from_iter([("factor".to_owned(), json!(3.0)), ("name".to_owned(), json!(name))]))
}

/// Predictions as MLflow's server writes them.
fn written(predictions: &Predictions) -> Value {
    match predictions {
        Predictions::Frame(frame) => {
            let mut writer = arrow::json::ArrayWriter::new(Vec::new());
            writer.write(frame).unwrap();
            writer.finish().unwrap();
            serde_json::from_slice(&writer.into_inner()).unwrap()
        }
        Predictions::Array(array) => nested(array),
        Predictions::Arrays(arrays) => {
            arrays.iter().map(|(name, array)| (name.clone(), nested(array))).collect::<Map<_, _>>().into()
        }
        Predictions::Json(value) => value.clone(),
        Predictions::Columns(_) => panic!("Python gives frames, arrays or JSON"),
    }
}

fn nested(array: &Tensor) -> Value {
    if array.shape().len() > 1 {
        return (0..array.n_rows()).map(|row| nested(&row_of(array, row))).collect();
    }
    match array.elements() {
        Elements::Bytes(texts) => texts.iter().map(|text| json!(String::from_utf8_lossy(text))).collect(),
        Elements::Int64(values) => json!(values),
        Elements::Fp32(values) => json!(values),
        Elements::Fp64(values) => json!(values),
        other => panic!("no model gives {:?}", other.dtype()),
    }
}

fn row_of(array: &Tensor, row: usize) -> Tensor {
    let (shape, elements) = array.slice(row, 1).into_parts();
    Tensor::new(shape[1..].to_vec(), elements).unwrap()
}

#[test]
fn sklearn_predicts_what_mlflows_server_answers() {
    let Some(models) = Models::made() else { return };
    let rows = [[0.5, 0.1], [-1.0, 2.0], [0.0, 0.25]];
    let table = json!(rows.map(|[width, length]| json!({"width": width, "length": length})));
    let table = models.rows("classifier", &table);
    let labels = score(&mut *models.open("classifier"), &table, &Params::default()).unwrap();
    assert!(matches!(&labels, Predictions::Array(array) if matches!(array.elements(), Elements::Bytes(_))));
    assert_eq!(written(&labels), models.expected["classifier"]);

    let matrix = Tensor::new(vec![3, 2], Elements::Fp64(rows.concat())).unwrap();
    let matrix = Batch::Tensors(vec![(String::new(), matrix)]);
    let numbers = score(&mut *models.open("regressor"), &matrix, &Params::default()).unwrap();
    assert_eq!(written(&numbers), models.expected["regressor"]);
}

#[test]
fn every_kind_of_answer_is_what_mlflows_server_writes() {
    let Some(models) = Models::made() else { return };
    let mut engine = models.open("deeds");
    for deed in ["frame", "series", "dict", "list", "nan", "objects"] {
        let predictions = score(&mut *engine, &models.deed(deed), &params("n")).unwrap();
        assert_eq!(written(&predictions), models.expected[deed], "{deed}");
        let is_expected = match deed {
            "frame" | "series" => matches!(predictions, Predictions::Frame(_)),
            "dict" => matches!(predictions, Predictions::Arrays(_)),
            _ => matches!(predictions, Predictions::Json(_)),
        };
        assert!(is_expected, "{deed}: {predictions:?}");
    }
}

#[test]
fn columns_reach_the_model_as_from_mlflows_server() {
    let Some(models) = Models::made() else { return };
    let first = json!({
        "flag": true, "int": 1, "long": 1_i64 << 40, "single": 0.1, "double": 0.1, "text": "a", "bytes": "0001",
        "time": "2026-01-02T03:04:05", "list": [1.0, 2.5], "thing": {"a": 1, "b": "x"}, "map": {"k": 1.5},
        "any": "{\"deep\": [1, \"a\"]}", "perhaps": "p"
    });
    let second = json!({
        "flag": false, "int": -1, "long": 0, "single": -2.0, "double": 1e300, "text": "ü", "bytes": "ff",
        "time": "1969-12-31T23:59:59", "list": [], "thing": {"a": 2}, "map": {}, "any": "7", "maybe": 2.0
    });
    let mut engine = models.open("types");
    let table = models.rows("types", &json!([first, second]));
    let predictions = score(&mut *engine, &table, &Params::default()).unwrap();
    assert_eq!(written(&predictions), models.expected["types"]);

    let mut known = first;
    known["absent"] = json!(5);
    let table = models.rows("types", &json!([known, second]));
    let error = score(&mut *engine, &table, &Params::default()).unwrap_err();
    let reason = "column 'absent', row 1: null, but the model needs a number of type long";
    assert_eq!(error, EngineError::Invalid(reason.to_owned()));
}

#[test]
fn columns_without_names_or_for_a_list_reach_the_model_as_from_mlflows_server() {
    let Some(models) = Models::made() else { return };
    let numbers = Arc::new(Int64Array::from(vec![1, 2]));
    let texts = |texts: [&str; 2]| Arc::new(StringArray::from(texts.to_vec()));
    let fields = vec![Field::new("", DataType::Int64, false), Field::new("", DataType::Utf8, false)];
    let unnamed =
        RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![numbers, texts(["a", "b"])]).unwrap();
    let predictions =
        score(&mut *models.open("unnamed"), &Batch::Columns(unnamed), &Params::default()).unwrap();
    assert_eq!(written(&predictions), models.expected["unnamed"]);

    let fields = vec![Field::new("", DataType::Utf8, false)];
    let list = RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![texts(["a", "b"])]).unwrap();
    let predictions = score(&mut *models.open("hinted"), &Batch::Columns(list), &Params::default()).unwrap();
    assert_eq!(written(&predictions), models.expected["hinted"]);
}

#[test]
fn a_model_without_a_signature_gets_what_came() {
    let Some(models) = Models::made() else { return };
    let mut engine = models.open("untold");
    let fields = vec![Field::new("n", DataType::Int64, true)];
    let numbers = Arc::new(Int64Array::from(vec![Some(1), None]));
    let table = RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![numbers]).unwrap();
    let predictions = score(&mut *engine, &Batch::Columns(table), &Params::default()).unwrap();
    assert_eq!(written(&predictions), json!([["n", "float64", ["float 1.0", "float nan"]]]));
}

#[test]
fn narrow_numbers_within_others_pass_mlflows_own_check() {
    let Some(models) = Models::made() else { return };
    let table = models.rows("narrow", &json!([{"singles": [0.5, 1.0], "o": {"n": 3}}]));
    let predictions = score(&mut *models.open("narrow"), &table, &Params::default()).unwrap();
    let singles = json!(["singles", "object", ["ndarray array([0.5, 1. ], dtype=float32)"]]);
    let object = json!(["o", "object", ["dict {'n': np.int32(3)}"]]);
    assert_eq!(written(&predictions), json!([singles, object]));
}

#[test]
fn an_error_of_the_model_is_told_and_the_next_batch_is_scored() {
    let Some(models) = Models::made() else { return };
    let mut engine = models.open("deeds");
    let mut error = |deed: &str| score(&mut *engine, &models.deed(deed), &params("n")).unwrap_err();
    assert_eq!(error("raise"), EngineError::Failed("ValueError: no such deed".to_owned()));
    assert_eq!(error("leave"), EngineError::Failed("SystemExit: enough".to_owned()));
    assert_eq!(error("refuse"), EngineError::Invalid("MlflowException: x is too big".to_owned()));
    // MLflow's own check refuses what does not fit, without what came.
    let fields = vec![Field::new("x", DataType::Utf8, false), Field::new("deed", DataType::Utf8, false)];
    let secret: ArrayRef = Arc::new(StringArray::from(vec!["secret"]));
    let table =
        RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![Arc::clone(&secret), secret]).unwrap();
    let refused = score(&mut *engine, &Batch::Columns(table), &params("n")).unwrap_err();
    assert!(matches!(&refused, EngineError::Invalid(text) if text.contains("column x")), "{refused}");
    assert!(!refused.to_string().contains("secret"), "{refused}");
    // A model that prints a lot is not held up, and finds no socket where it looks for input.
    let read = score(&mut *engine, &models.deed("flood"), &params("n")).unwrap();
    assert_eq!(written(&read), json!([""]));
}

#[test]
fn a_worker_that_dies_is_lost_and_another_can_be_opened() {
    let Some(models) = Models::made() else { return };
    let loaded = models.load("deeds");
    let mut engine = (loaded.open)(1).unwrap();
    let lost = EngineError::Lost("its Python ended with exit status: 3".to_owned());
    assert_eq!(score(&mut *engine, &models.deed("exit"), &params("n")), Err(lost));
    let mut other = (loaded.open)(1).unwrap();
    assert!(score(&mut *other, &models.deed("frame"), &params("n")).is_ok());
}

#[test]
fn a_worker_that_is_gone_before_it_begins_costs_nothing() {
    let Some(models) = Models::made() else { return };
    let mut engine = models.python("deeds");
    engine.worker.kill();
    assert!(score(&mut engine, &models.deed("frame"), &params("n")).is_ok());
    // It lives, or is not known to be dead, but cannot be told anything.
    engine.connection.shutdown(Shutdown::Both).unwrap();
    assert!(score(&mut engine, &models.deed("frame"), &params("n")).is_ok());
}

#[test]
fn a_model_whose_files_are_gone_is_told_as_that_and_without_a_traceback() {
    let Some(models) = Models::made() else { return };
    let (options, model) = (models.options.clone(), models.folder.path().join("gone"));
    let mut engine = models.python("deeds");
    engine.launch = Arc::new(Launch { options, model: model.clone(), n_threads: 1, has_params: true });
    engine.worker.kill();
    assert!(!engine.is_alive());
    let lost = EngineError::Lost("the files of the model are gone from the server".to_owned());
    assert_eq!(score(&mut engine, &models.deed("frame"), &params("n")), Err(lost));
    assert_eq!(Python::open(Arc::clone(&engine.launch)).err(), Some(LoadError::Gone(model)));
}

#[test]
fn a_worker_that_scores_is_stopped_from_another_thread() {
    let Some(models) = Models::made() else { return };
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("waiting");
    let listener = UnixListener::bind(&path).unwrap();
    let mut engine = models.open("deeds");
    let (batch, cancellation) = (models.deed("sleep"), Cancellation::default());
    let theirs = cancellation.clone();
    let scoring = thread::spawn(move || engine.score(&batch, &params(path.to_str().unwrap()), &theirs));
    let (mut model, _) = listener.accept().unwrap();
    cancellation.cancel();
    let error = scoring.join().unwrap().unwrap_err();
    assert!(matches!(&error, EngineError::Lost(text) if text.contains("signal: 9")), "{error}");
    // Its end of the connection is closed, as only the end of the process does it.
    assert_eq!(model.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_model_that_cannot_be_loaded_says_why() {
    let Some(models) = Models::made() else { return };
    let error = |model: &str| models.refused(model, &models.options);
    let broken = error("broken");
    assert!(
        matches!(&broken, LoadError::Model(text) if text.ends_with("RuntimeError: the weights are torn"))
    );
    let missing = error("missing");
    assert!(
        matches!(&missing, LoadError::Missing(text) if text.contains("No module named 'no_such_package'"))
    );
    let dead = error("dead");
    let end = "its Python ended with exit status: 9; its last lines:\n";
    assert!(
        matches!(&dead, LoadError::Model(text) if text.starts_with(end) && text.ends_with("out of luck")),
        "{dead}"
    );
    let killed = error("killed");
    let end = "its Python ended with signal: 9 (SIGKILL)";
    assert!(matches!(&killed, LoadError::Killed(text) if text.starts_with(end)), "{killed}");
    let hurried = PythonOptions { start_timeout: Duration::from_millis(50), ..models.options.clone() };
    let late = models.refused("classifier", &hurried).to_string();
    assert!(late.starts_with("Python did not load the model within 50ms"), "{late}");
}
