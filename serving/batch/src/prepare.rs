//! Everything before the first row is written: the table is opened and checked, and the model measured.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use forebay_core::hexadecimal::hexadecimal;
use forebay_lake::{Append, Format, Lake, RowCount, ScanOptions, Shard, Table, TableOptions, TextTypes};
use forebay_serving::{Casts, Inputs, check_schema};
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::ahead::Ahead;
use crate::answer::{self, Told};
use crate::colspec::colspec;
use crate::columns::{Columns, tensor_type, wanted_types};
use crate::counters::Counters;
use crate::delta;
use crate::destination::{Destination, output_format};
use crate::earlier::Earlier;
use crate::know::{Given, Known};
use crate::manifest::Manifest;
use crate::options::{JobOptions, Model, OutputFormat};
use crate::overlap;
use crate::plan::Plan;
use crate::predicted::output_schema;
use crate::scorer::{Manner, Scoring};

/// Rows that are read at once at most, and about how many bytes.
const BATCH_ROWS: usize = 16_384;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What all rows that are between reader and writer may take.
const IN_FLIGHT_BYTES: usize = 192 * 1024 * 1024;

/// A job that can begin.
pub struct Prepared {
    pub(crate) lake: Lake,
    pub(crate) options: JobOptions,
    pub(crate) scoring: Scoring,
    pub(crate) manner: Manner,
    pub(crate) destination: Destination,
    /// The Delta table that the output becomes a part of.
    pub(crate) append: Option<Append>,
    pub(crate) manifest: Manifest,
    /// Parts that earlier tries completed.
    pub(crate) n_parts: u64,
    /// Rows that were rejected in them.
    pub(crate) n_rejected: u64,
    pub(crate) ahead: Ahead,
    /// Of the table.
    table_schema: SchemaRef,
    /// Of the output.
    pub(crate) schema: SchemaRef,
    pub(crate) plan: Plan,
}

impl Prepared {
    /// Opens the table, checks it against the model, looks at what earlier tries left, and measures the model. What `counters`
    /// are told to stop ends early, now as in [`Prepared::run`], which should get the same.
    ///
    /// # Errors
    /// The job cannot begin; nothing is written.
    pub fn new(
        lake: Lake,
        model: Model,
        options: JobOptions,
        counters: &Arc<Counters>,
    ) -> Result<Self, Error> {
        let options = delta::recognised(&lake, options)?;
        let (table, columns) = open(&lake, &model.signature.inputs, &options)?;
        overlap::check(&lake, &table, &options)?;
        let destination = Destination::of(&lake, &options)?;
        let Destination { target, rejects, format, names } = &destination;
        let mut manifest = manifest(&model, &table, *format, &options);
        let earlier = Earlier::find(target, rejects.as_ref(), names, *format, &options.id)?;
        if let Some(notes) = &earlier.notes {
            manifest.check(notes, &options.id)?;
        }
        let told = Told::by(&model.signature);
        let scoring = scoring(model, columns, &table, &options, counters);
        let mut ahead = ahead(&table, &scoring, &options, earlier.n_parts)?;
        // What is left out is known when there is a batch behind it.
        ahead.look(0)?;
        let known = match earlier.notes.as_ref().and_then(Known::of) {
            Some(known) => known,
            None => know(&table, &scoring, told, &options, &mut ahead)?,
        };
        let predictions = known.manner.predictions.clone().unwrap_or_else(|| Arc::new(Schema::empty()));
        manifest.chunk_rows = known.manner.chunk_rows;
        manifest.predictions = answer::to_text(&predictions)?;
        manifest.parts = earlier.parts();
        manifest.n_parts = earlier.n_parts_if_done();
        let kept = kept_schema(table.schema(), scoring.columns.kept());
        let schema = output_schema(&kept, &predictions);
        check_names(&schema)?;
        check_format(&schema, destination.format)?;
        let append = delta::append(&lake, &options, &schema, earlier.notes.is_some())?;
        let schema = append.as_ref().map_or(schema, |append| Arc::clone(append.schema()));
        let (n_rows, is_exact) = n_rows(&table, &options);
        let plan = Plan {
            n_files: table.files().len(),
            n_rows,
            is_exact,
            predictions: described(&predictions),
            rows_per_second_per_lane: known.rows_per_second,
            n_rows_before: ahead.n_skipped(),
            ..plan(&manifest, &scoring, &options)
        };
        Ok(Prepared {
            lake,
            options,
            scoring,
            manner: known.manner,
            append,
            destination,
            manifest,
            n_parts: earlier.n_parts,
            n_rejected: earlier.n_rejected,
            ahead,
            table_schema: Arc::clone(table.schema()),
            schema,
            plan,
        })
    }

    /// What the job is going to do.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Tells the files of the input, with their sizes and versions, from others: hexadecimal digits.
    pub fn input_digest(&self) -> String {
        hexadecimal(&Sha256::digest(serde_json::to_string(&self.manifest.input).unwrap_or_default()))
    }

    /// The columns of the input, as MLflow notes them of a dataset: JSON.
    pub fn input_colspec(&self) -> String {
        colspec(&self.table_schema).to_string()
    }

    /// The same for every try of one job, or of one share of it, and for nothing else: hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        // What is measured differs between tries.
        let (parts, predictions) = (Vec::new(), String::new());
        let begun = Manifest { chunk_rows: 0, predictions, parts, n_parts: None, ..self.manifest.clone() };
        let begun = serde_json::to_string(&begun).unwrap_or_default();
        let Destination { target, names, .. } = &self.destination;
        hexadecimal(&Sha256::digest(format!("{} {} {begun}", names.manifest(), target.uri())))
    }
}

/// Batches that may be between reader and writer: one in each lane, one that waits for each, and one on either side.
pub(crate) fn n_permits(n_lanes: usize) -> usize {
    n_lanes * 2 + 2
}

fn open(lake: &Lake, inputs: &Inputs, options: &JobOptions) -> Result<(Arc<Table>, Columns), Error> {
    let (wanted, optional) = wanted_types(inputs, &options.columns);
    // A model that does not tell its columns by name may take any of them.
    let is_csv = output_format(options) == Some(OutputFormat::Files(Format::Csv));
    let keep_texts = is_csv && !wanted.is_empty();
    let table_options = TableOptions {
        format: options.input_format,
        text: TextTypes { wanted, optional, keep_texts },
        as_of: options.input_as_of,
    };
    let table = Arc::new(Table::open(lake, &options.input, &table_options)?);
    let columns = Columns::choose(table.schema(), inputs, &options.columns, &options.keep)?;
    let schema = columns.input_schema(table.schema());
    let schema = if casts(&table) == Casts::Lossless { as_wanted(&schema, inputs) } else { schema };
    check_schema(&schema, inputs).map_err(Error::Misfit)?;
    Ok((table, columns))
}

/// Texts have no types of their own: a number in them is whatever number the model takes.
fn casts(table: &Table) -> Casts {
    match table.format() {
        Format::Csv | Format::JsonLines => Casts::Lossless,
        Format::Parquet | Format::ArrowFile | Format::ArrowStream => Casts::Strict,
    }
}

/// Columns of numbers with the types that the model's inputs have; their values are looked at when they are scored.
fn as_wanted(table: &Schema, inputs: &Inputs) -> Schema {
    let wanted = |position: usize, name: &str| -> Option<DataType> {
        let is_it = |told: &Option<String>| told.as_ref().is_none_or(|told| told == name);
        match inputs {
            Inputs::Untold => None,
            Inputs::Columns(columns) => {
                let named = columns.iter().find(|column| column.name.as_deref() == Some(name));
                let placed = columns.get(position).filter(|column| column.name.is_none());
                named.or(placed).map(|column| column.column_type.arrow())
            }
            Inputs::Tensors(fields) => tensor_type(fields.iter().find(|field| is_it(&field.name))?.dtype),
        }
    };
    let fields = table.fields().iter().enumerate().map(|(position, field)| {
        let kind = wanted(position, field.name());
        let kind = kind.filter(|kind| kind.is_numeric() && field.data_type().is_numeric());
        field.as_ref().clone().with_data_type(kind.unwrap_or_else(|| field.data_type().clone()))
    });
    Schema::new(fields.collect::<Vec<Field>>())
}

/// What all lanes share.
fn scoring(
    model: Model,
    columns: Columns,
    table: &Table,
    options: &JobOptions,
    counters: &Arc<Counters>,
) -> Scoring {
    let Model { identity, signature, loaded, .. } = model;
    let (n_lanes, n_threads) = lanes(&loaded.lanes, options.threads);
    Scoring {
        model: identity,
        loaded,
        was_opened: AtomicBool::new(false),
        counters: Arc::clone(counters),
        inputs: signature.inputs,
        casts: casts(table),
        columns,
        prediction_column: options.prediction_column.clone(),
        n_lanes,
        n_threads,
        max_rejects: options.rejects.as_ref().map(|rejects| rejects.max),
    }
}

/// The rows of this share behind the parts that are there.
fn ahead(table: &Arc<Table>, scoring: &Scoring, options: &JobOptions, n_parts: u64) -> Result<Ahead, Error> {
    let scan = ScanOptions {
        columns: scoring.columns.read(),
        max_rows: BATCH_ROWS,
        max_bytes: BATCH_BYTES.min(batch_bytes(scoring.n_lanes)),
        predicate: Vec::new(),
        skip_rows: n_parts.saturating_mul(options.rows_per_file),
        limit: options.limit,
    };
    Ok(Ahead::of(table.scan(options.shard, &scan)?))
}

/// What a batch may take.
fn batch_bytes(n_lanes: usize) -> usize {
    IN_FLIGHT_BYTES / n_permits(n_lanes)
}

/// Gets to know the model by the first rows of the whole table, so that all shares find the same.
fn know(
    table: &Arc<Table>,
    scoring: &Scoring,
    told: Told,
    options: &JobOptions,
    own: &mut Ahead,
) -> Result<Known, Error> {
    let given = Given { scoring, table, told, max_rows: BATCH_ROWS, max_bytes: batch_bytes(scoring.n_lanes) };
    if options.shard == Shard::ALL {
        return given.know(own);
    }
    let whole = JobOptions { shard: Shard::ALL, limit: None, ..options.clone() };
    given.know(&mut ahead(table, scoring, &whole, 0)?)
}

fn manifest(model: &Model, table: &Table, format: Format, options: &JobOptions) -> Manifest {
    Manifest {
        model: model.identity.clone(),
        model_digest: model.digest.clone(),
        input: table.files().iter().map(Into::into).collect(),
        format: format.ending().to_owned(),
        columns: options.columns.clone(),
        keep: options.keep.clone(),
        prediction_column: options.prediction_column.clone(),
        limit: options.limit,
        rows_per_file: options.rows_per_file,
        rejects: options.rejects.is_some(),
        chunk_rows: 0,
        predictions: String::new(),
        parts: Vec::new(),
        n_parts: None,
    }
}

/// What is known of the plan without the table.
fn plan(manifest: &Manifest, scoring: &Scoring, options: &JobOptions) -> Plan {
    Plan {
        job_id: options.id.to_string(),
        model: manifest.model.clone(),
        platform: scoring.loaded.platform.to_owned(),
        device: scoring.loaded.device.clone(),
        input: options.input.clone(),
        n_files: 0,
        n_rows: None,
        is_exact: false,
        n_inputs: scoring.columns.n_inputs(),
        output: options.output.clone(),
        kept: scoring.columns.kept().to_vec(),
        predictions: Vec::new(),
        chunk_rows: manifest.chunk_rows,
        rows_per_second_per_lane: 0.0,
        n_lanes: scoring.n_lanes,
        n_rows_before: 0,
        is_done: manifest.n_parts.is_some(),
    }
}

fn described(columns: &Schema) -> Vec<String> {
    columns.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type())).collect()
}

/// Lanes of the job and threads of each: a model that wants several threads has one lane.
fn lanes(best: &forebay_serving::Lanes, threads: Option<usize>) -> (usize, usize) {
    match threads {
        None => (best.n_lanes.max(1), best.n_threads.max(1)),
        Some(threads) if best.n_threads > 1 => (1, threads.max(1)),
        Some(threads) => (threads.max(1), 1),
    }
}

fn kept_schema(table: &Schema, kept: &[String]) -> Schema {
    let fields = kept.iter().filter_map(|name| table.field_with_name(name).ok().cloned());
    Schema::new(fields.collect::<Vec<_>>())
}

fn check_names(output: &Schema) -> Result<(), Error> {
    let mut names: Vec<&String> = output.fields().iter().map(|field| field.name()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(Error::Option(format!(
            "the output would have two columns '{}': choose with --keep, or another --prediction-column",
            pair[0]
        ))),
    }
}

/// How many rows the job has, and whether that is sure.
fn n_rows(table: &Table, options: &JobOptions) -> (Option<u64>, bool) {
    let limit = options.limit.unwrap_or(u64::MAX);
    match table.n_rows(options.shard) {
        RowCount::Exact(n_rows) => (Some(n_rows.min(limit)), true),
        RowCount::About(n_rows) => (Some(n_rows.min(limit)), false),
        RowCount::Unknown => (None, false),
    }
}

/// Refuses columns that the output's format has nothing for.
fn check_format(schema: &Schema, format: Format) -> Result<(), Error> {
    let nested = schema.fields().iter().find(|field| field.data_type().is_nested());
    match nested {
        Some(field) if format == Format::Csv => Err(Error::Predictions(format!(
            "column '{}' holds lists or objects, and CSV has none; choose another --output-format, such as parquet or jsonl",
            field.name()
        ))),
        _ => Ok(()),
    }
}
