//! What has to be known of a model before its job begins: the columns that it gives, and how many rows it likes at once.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use forebay_lake::{Rows, Table};
use forebay_serving::Sharing;

use crate::Error;
use crate::ahead::Ahead;
use crate::answer::{self, Told};
use crate::calibrate::measure;
use crate::manifest::Manifest;
use crate::scorer::{Fatal, Manner, Scorer, Scoring};

/// Rows of a chunk where nothing could be measured.
pub(crate) const CHUNK_ROWS: usize = 256;

/// Batches without a row that can be scored after which nothing is known of a model: they are kept for the job.
const MAX_BATCHES: usize = 16;

/// What is known of a model.
pub(crate) struct Known {
    pub(crate) manner: Manner,
    /// Of a lane, as measured; 0 where nothing was.
    pub(crate) rows_per_second: f64,
}

/// What is looked at to know a model.
pub(crate) struct Given<'a> {
    pub(crate) scoring: &'a Scoring,
    pub(crate) table: &'a Table,
    /// What its signature tells.
    pub(crate) told: Told,
    /// Most rows that are scored together where that changes what comes out, and most bytes.
    pub(crate) max_rows: usize,
    pub(crate) max_bytes: usize,
}

/// Where a row could be scored.
struct Found {
    /// Of the batch.
    position: usize,
    predictions: SchemaRef,
}

impl Known {
    /// What an earlier try, or another share, has noted.
    pub(crate) fn of(notes: &Manifest) -> Option<Self> {
        let predictions = answer::from_text(&notes.predictions)?;
        let fatal = Arc::default();
        let manner = Manner { chunk_rows: notes.chunk_rows, predictions: Some(predictions), fatal };
        Some(Known { manner, rows_per_second: 0.0 })
    }
}

impl Given<'_> {
    /// Scores the first rows that can be scored.
    ///
    /// # Errors
    /// [`Error::TooManyRejects`] where more of them cannot be than may be rejected.
    pub(crate) fn know(&self, ahead: &mut Ahead) -> Result<Known, Error> {
        let mut lane = self.scoring.open()?;
        let found = self.first_that_scores(&mut lane, ahead)?;
        let chunk_rows = self.together(ahead)?;
        let fatal = Arc::new(lane.fatal().clone());
        let Some(Found { position, predictions }) = found else {
            let manner = Manner { chunk_rows, predictions: Some(self.of_nothing(&mut lane)), fatal };
            return Ok(Known { manner, rows_per_second: 0.0 });
        };
        let predictions = Some(self.told.widened(&predictions));
        let manner = Manner { chunk_rows, predictions, fatal: Arc::clone(&fatal) };
        let mut known = Known { manner, rows_per_second: 0.0 };
        if let Some(rows) = ahead.look(position)? {
            let rows = behind(&fatal, rows);
            let sample = self.scoring.columns.inputs_of(&rows.batch)?;
            if let Some(measured) = measure(&mut lane, &sample) {
                known.rows_per_second = measured.rows_per_second;
                if self.scoring.loaded.sharing == Sharing::Shared {
                    known.manner.chunk_rows = measured.chunk_rows;
                }
            }
        }
        Ok(known)
    }

    /// Where a row can be scored; none where no row can, or where the signature has to do.
    fn first_that_scores(&self, lane: &mut Scorer, ahead: &mut Ahead) -> Result<Option<Found>, Error> {
        let manner = Manner { chunk_rows: CHUNK_ROWS, predictions: None, fatal: Arc::default() };
        let (mut n_rejected, mut n_rows) = (0, 0);
        for position in 0..MAX_BATCHES {
            let Some(rows) = ahead.look(position)? else { return Ok(None) };
            for start in (0..rows.batch.num_rows()).step_by(CHUNK_ROWS) {
                let n_slice = CHUNK_ROWS.min(rows.batch.num_rows() - start);
                let scored = lane.score(&rows.slice(start, n_slice), &manner)?;
                if scored.table.num_rows() > 0 {
                    let n_kept = self.scoring.columns.kept().len();
                    let fields = scored.table.schema_ref().fields().iter().skip(n_kept).cloned();
                    let predictions = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
                    return Ok(Some(Found { position, predictions }));
                }
                n_rejected += scored.rejects.len() as u64;
                n_rows += scored.n_rows;
                let limit = self.scoring.max_rejects.filter(|limit| n_rejected > *limit);
                if let (Some(limit), Some(last)) = (limit, scored.rejects.last()) {
                    return Err(last.too_many(limit));
                }
            }
        }
        if self.told.alone(&self.scoring.prediction_column).is_some() {
            return Ok(None);
        }
        let reason = format!("none of the first {n_rows} rows can be scored, so names and types are unknown");
        Err(Error::Predictions(reason))
    }

    /// Rows of a chunk where a model answers a row by those beside it.
    fn together(&self, ahead: &mut Ahead) -> Result<usize, Error> {
        if self.scoring.loaded.sharing == Sharing::Shared {
            return Ok(CHUNK_ROWS);
        }
        let Some(rows) = ahead.look(0)? else { return Ok(self.max_rows) };
        // Columns of Arrow share the buffer of their whole file.
        let own = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(usize::MAX);
        let size_bytes = rows.batch.columns().iter().map(own).fold(0, usize::saturating_add);
        let row_bytes = size_bytes / rows.batch.num_rows().max(1);
        Ok((self.max_bytes / row_bytes.max(1)).clamp(1, self.max_rows))
    }

    /// The columns where no row was scored; a model that takes no rows for an answer may leave them unknown.
    fn of_nothing(&self, lane: &mut Scorer) -> SchemaRef {
        let batch = RecordBatch::new_empty(Arc::clone(self.table.schema()));
        let rows = Rows { batch, file: "".into(), first_row: 1, defects: Vec::new() };
        let given = lane.columns_of_nothing(&rows).map(|columns| self.told.widened(&columns));
        let told = || self.told.alone(&self.scoring.prediction_column);
        given.or_else(told).unwrap_or_else(|| Arc::new(Schema::empty()))
    }
}

/// The rows behind the last that is known to bring down an engine.
fn behind(fatal: &Fatal, rows: &Rows) -> Rows {
    let n_rows = rows.batch.num_rows();
    let position = |row: u64| usize::try_from(row.checked_sub(rows.first_row)?).ok();
    let here = fatal.keys().filter(|(file, _)| *file == rows.file);
    let here = here.filter_map(|(_, row)| position(*row)).filter(|row| *row < n_rows);
    let start = here.max().map_or(0, |row| row + 1);
    rows.slice(start, n_rows - start)
}
