//! A folder with tables, and a model for them.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array as _, AsArray as _, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type, SchemaRef};
use forebay_batch::{Counters, Error, JobOptions, Keep, Model, Prepared, Summary};
use forebay_lake::{Format, Lake, NewFile, ScanOptions, Shard, Table, TableOptions, TableWriter};
use forebay_serving::{
    Batch, Cancellation, Column, ColumnType, Elements, Engine, EngineError, Inputs, Lanes, LoadError, Loaded,
    Params, Predictions, Sharing, Signature, Tensor,
};

/// What a model makes of x.
#[derive(Clone, Copy)]
pub(crate) enum Answers {
    /// 2x + 1.
    Doubles,
    /// The same, as whole numbers where all rows of a chunk have such.
    ByChunk,
    /// How many rows are scored together.
    Counts,
}

/// Fails where x is -1, dies where it is -2, and stops the job after so many rows.
struct Linear {
    answers: Answers,
    left: Arc<AtomicU64>,
    stop: Arc<Counters>,
}

impl Engine for Linear {
    fn score(&mut self, batch: &Batch, _: &Params, _: &Cancellation) -> Result<Predictions, EngineError> {
        let x = values(batch)?;
        if x.iter().any(|x| x.total_cmp(&-1.0).is_eq()) {
            return Err(EngineError::Failed("x is -1".to_owned()));
        }
        if x.iter().any(|x| x.total_cmp(&-2.0).is_eq()) {
            return Err(EngineError::Lost("x is -2".to_owned()));
        }
        let n_rows = x.len() as u64;
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(n_rows)));
        if left.unwrap() <= n_rows {
            self.stop.stop();
        }
        let y: Vec<f64> = x.iter().map(|x| x * 2.0 + 1.0).collect();
        let is_whole = y.iter().all(|y| y.fract() == 0.0);
        #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
        let elements = match self.answers {
            Answers::ByChunk if is_whole => Elements::Int64(y.iter().map(|y| *y as i64).collect()),
            Answers::ByChunk | Answers::Doubles => Elements::Fp64(y),
            Answers::Counts => Elements::Int64(vec![i64::try_from(n_rows).unwrap(); x.len()]),
        };
        Ok(Predictions::Array(Tensor::of_rows(elements)))
    }
}

fn values(batch: &Batch) -> Result<Vec<f64>, EngineError> {
    match batch {
        Batch::Columns(columns) => {
            let x = columns["x"].as_primitive::<Float64Type>();
            Ok(x.iter().map(|x| x.unwrap_or(f64::NAN)).collect())
        }
        Batch::Tensors(tensors) => match tensors[0].1.elements() {
            Elements::Fp32(x) => Ok(x.iter().map(|x| f64::from(*x)).collect()),
            _ => Err(EngineError::Invalid("no singles".to_owned())),
        },
    }
}

pub(crate) struct Place {
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    pub(crate) counters: Arc<Counters>,
    /// Rows after which the job is stopped.
    pub(crate) left: Arc<AtomicU64>,
    /// Engines that were opened.
    pub(crate) n_opened: Arc<AtomicU64>,
    /// Which of them are killed while they load, from 0.
    pub(crate) killed: Range<u64>,
    answers: Answers,
    pub(crate) sharing: Sharing,
    pub(crate) signature: Signature,
    pub(crate) digest: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Place::answering(Answers::Doubles)
    }

    pub(crate) fn answering(answers: Answers) -> Self {
        let column = Column { name: Some("x".to_owned()), column_type: ColumnType::Double, required: true };
        Place {
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
            folder: tempfile::tempdir().unwrap(),
            counters: Arc::default(),
            left: Arc::new(AtomicU64::new(u64::MAX)),
            n_opened: Arc::default(),
            killed: 0..0,
            answers,
            sharing: Sharing::Shared,
            signature: Signature { inputs: Inputs::Columns(vec![column]), ..Signature::untold() },
            digest: "1".to_owned(),
        }
    }

    pub(crate) fn lake(&self) -> Lake {
        Lake::local(self.runtime.handle().clone())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Rows with these values of x, in files of some rows each.
    pub(crate) fn input(&self, name: &str, x: &[f64]) -> String {
        let path = self.path(name);
        let ids: Vec<i64> = (0..i64::try_from(x.len()).unwrap()).collect();
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("id", Arc::new(Int64Array::from(ids)) as _, true),
            ("x", Arc::new(Float64Array::from(x.to_vec())) as _, true),
        ])
        .unwrap();
        let file = NewFile::create(&self.lake(), &path).unwrap();
        let mut writer =
            TableWriter::start(file, Format::of_path(&path).unwrap(), batch.schema_ref()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        path
    }

    pub(crate) fn model(&self) -> Model {
        let answers = self.answers;
        let (left, stop) = (Arc::clone(&self.left), Arc::clone(&self.counters));
        let (n_opened, killed) = (Arc::clone(&self.n_opened), self.killed.clone());
        let open = move |_| {
            if killed.contains(&n_opened.fetch_add(1, Ordering::SeqCst)) {
                return Err(LoadError::Killed("its Python was killed".to_owned()));
            }
            Ok(Box::new(Linear { answers, left: Arc::clone(&left), stop: Arc::clone(&stop) })
                as Box<dyn Engine>)
        };
        let loaded = Loaded {
            platform: "linear",
            device: "cpu".to_owned(),
            inputs: None,
            outputs: None,
            sharing: self.sharing,
            open: Box::new(open),
            lanes: Lanes { n_lanes: 3, n_threads: 1 },
        };
        Model {
            identity: "models:/linear/1".to_owned(),
            digest: self.digest.clone(),
            signature: self.signature.clone(),
            loaded,
        }
    }

    pub(crate) fn options(&self, input: &str, output: &str) -> JobOptions {
        JobOptions {
            id: "job".parse().unwrap(),
            input: input.to_owned(),
            input_format: None,
            input_as_of: None,
            output: self.path(output),
            output_format: None,
            columns: Vec::new(),
            keep: Keep::All,
            prediction_column: "prediction".to_owned(),
            limit: None,
            shard: Shard::ALL,
            rejects: None,
            rows_per_file: 1_000,
            threads: None,
        }
    }

    pub(crate) fn run(&mut self, options: JobOptions) -> Result<Summary, Error> {
        self.counters = Arc::default();
        Prepared::new(self.lake(), self.model(), options, &self.counters)?.run(&self.counters)
    }

    /// The ids and predictions of an output.
    pub(crate) fn read(&self, output: &str) -> Vec<(i64, f64)> {
        let lake = self.lake();
        let table = Arc::new(Table::open(&lake, &self.path(output), &TableOptions::default()).unwrap());
        let columns = vec!["id".to_owned(), "prediction".to_owned()];
        let options = ScanOptions {
            columns,
            max_rows: 10_000,
            max_bytes: 1 << 24,
            predicate: Vec::new(),
            skip_rows: 0,
            limit: None,
        };
        let mut found = Vec::new();
        for rows in table.scan(Shard::ALL, &options).unwrap() {
            let batch = rows.unwrap().batch;
            let ids = batch["id"].as_primitive::<Int64Type>();
            let predictions = batch["prediction"].as_primitive::<Float64Type>();
            assert_eq!(predictions.null_count(), 0);
            found.extend(ids.values().iter().copied().zip(predictions.values().iter().copied()));
        }
        found
    }

    /// The columns of a table, and the predictions as JSON has them.
    pub(crate) fn predictions(&self, path: &str) -> (SchemaRef, Vec<serde_json::Value>) {
        let table = Arc::new(Table::open(&self.lake(), &self.path(path), &TableOptions::default()).unwrap());
        let schema = Arc::clone(table.schema());
        let columns = vec!["prediction".to_owned()];
        let options = ScanOptions {
            columns,
            max_rows: 100_000,
            max_bytes: 1 << 24,
            predicate: Vec::new(),
            skip_rows: 0,
            limit: None,
        };
        let mut found = Vec::new();
        for rows in table.scan(Shard::ALL, &options).unwrap() {
            let batch = rows.unwrap().batch;
            found.extend((0..batch.num_rows()).map(|row| {
                let row = forebay_lake::row_as_json(&batch.slice(row, 1)).unwrap();
                serde_json::from_str::<serde_json::Value>(&row).unwrap()["prediction"].clone()
            }));
        }
        (schema, found)
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
pub(crate) fn numbers(n_rows: usize) -> Vec<f64> {
    (0..n_rows).map(|number| number as f64).collect()
}

pub(crate) fn expected(x: &[f64]) -> Vec<(i64, f64)> {
    let is_good = |x: &f64| *x >= 0.0;
    (0..).zip(x.iter().copied()).filter(|(_, x)| is_good(x)).map(|(id, x)| (id, x * 2.0 + 1.0)).collect()
}

pub(crate) fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files
        .map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()))
        .filter(|(name, _)| !name.starts_with("_forebay"))
        .collect()
}
