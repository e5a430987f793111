//! Scoring of some rows on one lane: in chunks that the model likes, and row by row where some cannot be scored.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use forebay_lake::{Defect, Raw, Rows, row_as_json};
use forebay_serving::{
    Batch, Cancellation, Casts, Engine, EngineError, Inputs, LoadError, Loaded, Params, conform, to_columns,
};

use crate::Error;
use crate::columns::Columns;
use crate::counters::Counters;
use crate::predicted::{beside, fitted, named};

/// How often an engine may be lost in a job before it is the engine that is at fault, and not a row.
const MAX_LOSSES: u32 = 32;

/// How often it is tried to open an engine that was opened before, or whose process is killed while it loads.
const MAX_OPENINGS: u32 = 3;

/// What all lanes of a job share.
pub(crate) struct Scoring {
    /// Which model it is.
    pub(crate) model: String,
    pub(crate) loaded: Loaded,
    /// Whether an engine was opened, so that there is nothing wrong with the model.
    pub(crate) was_opened: AtomicBool,
    /// Whoever watches the job, and may stop it.
    pub(crate) counters: Arc<Counters>,
    pub(crate) inputs: Inputs,
    /// Which values may change their type, by the format of the table.
    pub(crate) casts: Casts,
    pub(crate) columns: Columns,
    pub(crate) prediction_column: String,
    pub(crate) n_lanes: usize,
    /// Of each lane.
    pub(crate) n_threads: usize,
    /// How many rows of a job may be rejected; none to fail at the first.
    pub(crate) max_rejects: Option<u64>,
}

/// How rows are scored, once that was measured.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    /// Rows that the engine gets at once.
    pub(crate) chunk_rows: usize,
    /// The columns that the model gives; none before that is known.
    pub(crate) predictions: Option<SchemaRef>,
    /// Rows that are known to bring down the engine: to find such a row takes many engines, so it is done once.
    pub(crate) fatal: Arc<Fatal>,
}

/// Reasons, by file and row in it.
pub(crate) type Fatal = HashMap<(Arc<str>, u64), String>;

/// A lane: an engine, and what it scores with.
pub(crate) struct Scorer<'a> {
    scoring: &'a Scoring,
    engine: Box<dyn Engine>,
    n_losses: u32,
    /// Rows that brought down this engine.
    fatal: Fatal,
}

/// Rows that were scored.
pub(crate) struct Scored {
    /// What is kept of the table, then the predictions; without rejected rows.
    pub(crate) table: RecordBatch,
    pub(crate) rejects: Vec<Reject>,
    /// Of the input.
    pub(crate) n_rows: u64,
}

/// A row that cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reject {
    pub(crate) file: Arc<str>,
    /// In its file, from 1.
    pub(crate) row: u64,
    pub(crate) reason: String,
    /// Its values as JSON, where JSON can hold them.
    pub(crate) columns: Option<String>,
    /// What of it could not be read.
    pub(crate) raw: Raw,
}

impl Reject {
    /// This is the one too many.
    pub(crate) fn too_many(&self, limit: u64) -> Error {
        let (file, row, reason) = (self.file.to_string(), self.row, self.reason.clone());
        Error::TooManyRejects { limit, file, row, reason }
    }
}

/// Why some rows were not scored together.
enum Failure {
    /// Because of one of them, or several.
    Rows(String),
    /// The same, and the engine is gone.
    Lost(String),
    Fatal(Error),
}

/// How often rows are scored that an engine was lost with.
#[derive(Clone, Copy, PartialEq)]
enum Tries {
    /// They are part of rows that did the same twice.
    One,
    Two,
}

/// Rows to score, and how.
struct Given<'a> {
    rows: &'a Rows,
    /// What the model gets of them.
    inputs: &'a RecordBatch,
    manner: &'a Manner,
}

impl Given<'_> {
    /// Why some rows need not be tried together.
    fn known_as_fatal(&self, chunk: &Range<usize>) -> Option<String> {
        let Rows { file, first_row, .. } = self.rows;
        let (start, end) = (first_row + chunk.start as u64, first_row + chunk.end as u64);
        let is_inside = |(in_file, row): &(Arc<str>, u64)| in_file == file && (start..end).contains(row);
        self.manner.fatal.iter().find(|(place, _)| is_inside(place)).map(|(_, reason)| reason.clone())
    }
}

/// What is there of a batch so far.
#[derive(Default)]
struct Progress {
    scored: Vec<Range<usize>>,
    predictions: Vec<RecordBatch>,
    rejects: Vec<Reject>,
}

impl Scoring {
    /// Opens a lane.
    pub(crate) fn open(&self) -> Result<Scorer<'_>, Error> {
        Ok(Scorer { scoring: self, engine: self.engine()?, n_losses: 0, fatal: Fatal::new() })
    }

    /// Opens an engine: more than once if need be, where it is not the model that keeps it from opening.
    fn engine(&self) -> Result<Box<dyn Engine>, Error> {
        let open = || (self.loaded.open)(self.n_threads);
        let mut opened = open();
        for _ in 1..MAX_OPENINGS {
            match &opened {
                _ if self.counters.is_stopped() => break,
                Err(LoadError::Killed(_)) => {}
                Err(_) if self.was_opened.load(Ordering::Relaxed) => {}
                _ => break,
            }
            opened = open();
        }
        let opened = opened.map_err(|source| Error::Load { model: self.model.clone(), source })?;
        self.was_opened.store(true, Ordering::Relaxed);
        Ok(opened)
    }

    fn check_stop(&self) -> Result<(), Error> {
        if self.counters.is_stopped() {
            Err(Error::Interrupted { n_rows: self.counters.n_done() })
        } else {
            Ok(())
        }
    }

    /// What of a row could not be read, with advice where the model does not need it.
    fn advised(&self, defect: &Defect) -> Defect {
        let mut defect = defect.clone();
        let is_guessed = |(name, _): &(String, String)| !self.columns.is_input(name);
        if matches!(&defect.raw, Raw::Cells(cells) if !cells.is_empty() && cells.iter().all(is_guessed)) {
            defect.reason += "; the model does not read that column, and the first rows tell its type: leave it out with \
                              --keep, or choose CSV as output, which keeps texts";
        }
        defect
    }
}

impl Scorer<'_> {
    /// Scores rows in their order.
    ///
    /// # Errors
    /// [`Error::Row`] or [`Error::TooManyRejects`] when more rows cannot be scored than may be rejected.
    pub(crate) fn score(&mut self, rows: &Rows, manner: &Manner) -> Result<Scored, Error> {
        let inputs = &self.scoring.columns.inputs_of(&rows.batch)?;
        let given = Given { rows, inputs, manner };
        let mut progress = Progress::default();
        let mut start = 0;
        for defect in &rows.defects {
            self.run(&given, start..defect.row, &mut progress)?;
            self.reject(rows, self.scoring.advised(defect), &mut progress)?;
            start = defect.row + 1;
        }
        self.run(&given, start..rows.batch.num_rows(), &mut progress)?;
        self.put_together(rows, manner, progress)
    }

    /// Scores one chunk as it is.
    pub(crate) fn measure(&mut self, chunk: &RecordBatch) -> Result<(), String> {
        match self.attempt(chunk, None, Tries::One) {
            Ok(_) => Ok(()),
            Err(Failure::Rows(reason) | Failure::Lost(reason)) => Err(reason),
            Err(Failure::Fatal(error)) => Err(error.to_string()),
        }
    }

    /// The columns that the model gives for no rows, if it takes that.
    pub(crate) fn columns_of_nothing(&mut self, rows: &Rows) -> Option<SchemaRef> {
        let inputs = self.scoring.columns.inputs_of(&rows.batch).ok()?;
        self.attempt(&inputs, None, Tries::Two).ok().map(|predictions| predictions.schema())
    }

    /// Rows that brought down this engine.
    pub(crate) fn fatal(&self) -> &Fatal {
        &self.fatal
    }

    /// Scores rows without defects, chunk by chunk.
    fn run(&mut self, given: &Given, range: Range<usize>, progress: &mut Progress) -> Result<(), Error> {
        let Given { rows, inputs, manner } = given;
        let chunk_rows = manner.chunk_rows.max(1);
        let chunk = |start: usize| start..(start + chunk_rows).min(range.end);
        let chunks = range.clone().step_by(chunk_rows).map(|start| (chunk(start), Tries::Two));
        let mut waiting: Vec<(Range<usize>, Tries)> = chunks.collect();
        waiting.reverse();
        while let Some((chunk, tries)) = waiting.pop() {
            self.scoring.check_stop()?;
            let tries = if chunk.len() == 1 { Tries::Two } else { tries };
            let slice = inputs.slice(chunk.start, chunk.len());
            let outcome = match given.known_as_fatal(&chunk) {
                Some(reason) => Err(Failure::Rows(reason)),
                None => self.attempt(&slice, manner.predictions.as_ref(), tries),
            };
            let next = if matches!(outcome, Err(Failure::Lost(_))) { Tries::One } else { tries };
            if let (Err(Failure::Lost(reason)), 1) = (&outcome, chunk.len()) {
                let row = rows.first_row + chunk.start as u64;
                self.fatal.insert((Arc::clone(&rows.file), row), reason.clone());
            }
            match outcome {
                Ok(predictions) => {
                    progress.scored.push(chunk);
                    progress.predictions.push(predictions);
                }
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Rows(reason) | Failure::Lost(reason)) if chunk.len() == 1 => {
                    let nothing = Raw::Cells(Vec::new());
                    self.reject(rows, Defect { row: chunk.start, reason, raw: nothing }, progress)?;
                }
                Err(Failure::Rows(_) | Failure::Lost(_)) => {
                    let middle = chunk.start + chunk.len() / 2;
                    waiting.push((middle..chunk.end, next));
                    waiting.push((chunk.start..middle, next));
                }
            }
        }
        Ok(())
    }

    fn reject(&self, rows: &Rows, defect: Defect, progress: &mut Progress) -> Result<(), Error> {
        let Defect { row, reason, raw } = defect;
        let number = rows.first_row + row as u64;
        let Some(limit) = self.scoring.max_rejects else {
            return Err(Error::Row { file: rows.file.to_string(), row: number, reason });
        };
        if progress.rejects.len() as u64 >= limit {
            return Err(Error::TooManyRejects { limit, file: rows.file.to_string(), row: number, reason });
        }
        let columns = row_as_json(&rows.batch.slice(row, 1));
        progress.rejects.push(Reject { file: Arc::clone(&rows.file), row: number, reason, columns, raw });
        Ok(())
    }

    fn attempt(
        &mut self,
        chunk: &RecordBatch,
        expected: Option<&SchemaRef>,
        tries: Tries,
    ) -> Result<RecordBatch, Failure> {
        let scoring = self.scoring;
        let conformed = conform(chunk, &scoring.inputs, scoring.casts);
        // A row is told by its number in its file, which the caller knows; that of a chunk of one says nothing.
        let batch =
            conformed.map_err(|misfit| Failure::Rows(misfit.to_string().replace(", row 0: ", ": ")))?;
        let predictions = match self.engine_score(&batch) {
            Ok(predictions) => predictions,
            // An engine that is gone may have been brought down by one row, or by something else.
            Err(EngineError::Lost(_)) if tries == Tries::Two => self.engine_again(&batch)?,
            Err(error @ EngineError::Lost(_)) => {
                self.reopen()?;
                return Err(Failure::Lost(error.to_string()));
            }
            Err(error) => return Err(Failure::Rows(error.to_string())),
        };
        let fatal = |error| Failure::Fatal(error);
        let table = to_columns(&predictions, &scoring.prediction_column);
        let table = table.map_err(|reason| fatal(Error::Predictions(reason)))?;
        if table.num_rows() != chunk.num_rows() {
            let (given, expected) = (table.num_rows(), chunk.num_rows());
            let reason = format!("the model gave {given} rows for {expected}");
            return Err(fatal(Error::Predictions(reason)));
        }
        let table = named(table, &scoring.prediction_column).map_err(fatal)?;
        fitted(&table, expected).map_err(fatal)
    }

    fn engine_score(&mut self, batch: &Batch) -> Result<forebay_serving::Predictions, EngineError> {
        self.engine.score(batch, &Params::default(), &Cancellation::default())
    }

    fn engine_again(&mut self, batch: &Batch) -> Result<forebay_serving::Predictions, Failure> {
        self.reopen()?;
        match self.engine_score(batch) {
            Err(error @ EngineError::Lost(_)) => {
                self.reopen()?;
                Err(Failure::Lost(error.to_string()))
            }
            scored => scored.map_err(|error| Failure::Rows(error.to_string())),
        }
    }

    fn reopen(&mut self) -> Result<(), Failure> {
        self.n_losses += 1;
        if self.n_losses > MAX_LOSSES {
            let reason = format!("it was lost {} times", self.n_losses);
            return Err(Failure::Fatal(Error::Engine(EngineError::Lost(reason))));
        }
        self.scoring.check_stop().map_err(Failure::Fatal)?;
        self.engine = self.scoring.engine().map_err(Failure::Fatal)?;
        Ok(())
    }

    fn put_together(&self, rows: &Rows, manner: &Manner, progress: Progress) -> Result<Scored, Error> {
        let unfit = |error: arrow::error::ArrowError| Error::Predictions(error.to_string());
        let kept = self.scoring.columns.kept_of(&rows.batch)?;
        let kept = if progress.rejects.is_empty() {
            kept
        } else {
            let slices: Vec<_> =
                progress.scored.iter().map(|range| kept.slice(range.start, range.len())).collect();
            concat_batches(kept.schema_ref(), &slices).map_err(unfit)?
        };
        let schema = manner.predictions.clone().or(progress.predictions.first().map(RecordBatch::schema));
        let schema = schema.unwrap_or_else(|| Arc::new(Schema::empty()));
        let predictions = concat_batches(&schema, &progress.predictions).map_err(unfit)?;
        let table = beside(&kept, &predictions)?;
        Ok(Scored { table, rejects: progress.rejects, n_rows: rows.batch.num_rows() as u64 })
    }
}
