//! The features of the spine's rows from the files of parts: each row takes the next of the part that its key belongs to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::interleave;
use tempfile::TempDir;

use super::error::Error;
use super::joined::{Lookup, Reading};
use super::spill;
use super::spilled_rows;
use super::spine_rows;
use super::tables::Source;
use crate::join::counts::Counts;
use crate::join::groups::{Coder, NONE};
use crate::join::side::N_TIMES;
use crate::model::entity::Key;

/// The files of a list of keys.
pub(crate) struct Results {
    /// What tells the part of a key.
    pub(crate) coder: Arc<Coder>,
    /// By parts.
    pub(crate) paths: Vec<PathBuf>,
    /// The views whose features are in them, in this order.
    pub(crate) views: Vec<usize>,
}

/// Parts, as they are read.
pub(crate) struct Rejoined<'a> {
    spine: &'a Source,
    lists: Vec<List<'a>>,
    /// How many features each view has.
    n_features: Vec<usize>,
    counts: Vec<Counts>,
    /// Where the files are, for as long as they are needed.
    _folder: TempDir,
}

struct List<'a> {
    keys: &'a [Key],
    coder: Arc<Coder>,
    views: Vec<usize>,
    parts: Vec<Cursor>,
    /// One row, for those without a key, which are in no part.
    nothing: RecordBatch,
}

/// Rows of a part that are still to come.
struct Cursor {
    batches: Box<dyn Iterator<Item = Result<RecordBatch, Error>>>,
    current: Option<RecordBatch>,
    /// The next row of the current batch.
    next: usize,
    /// Where that batch is among those of the rows that are being looked up.
    position: Option<usize>,
}

impl<'a> Rejoined<'a> {
    pub(crate) fn new(
        reading: &Reading<'a>,
        results: Vec<Results>,
        counts: Vec<Counts>,
        folder: TempDir,
    ) -> Result<Self, Error> {
        let mut lists = Vec::new();
        for (Results { coder, paths, views }, keys) in results.into_iter().zip(&reading.plan.keys) {
            let parts = paths.iter().map(|path| Cursor::open(path)).collect::<Result<Vec<_>, _>>()?;
            let schema = spilled_rows::result_schema(reading, &views);
            let nothing = schema.fields().iter().map(|field| new_null_array(field.data_type(), 1)).collect();
            let nothing = RecordBatch::try_new(schema, nothing)?;
            lists.push(List { keys, coder, views, parts, nothing });
        }
        let n_features = reading.plan.views.iter().map(|view| view.n_needed).collect();
        Ok(Rejoined { spine: reading.spine, lists, n_features, counts, _folder: folder })
    }
}

impl Lookup for Rejoined<'_> {
    fn next(&mut self, rows: &RecordBatch) -> Result<Vec<Vec<ArrayRef>>, Error> {
        let mut values = vec![Vec::new(); self.n_features.len()];
        for list in &mut self.lists {
            let mut columns = list.next(self.spine, rows)?.into_iter();
            for view in &list.views {
                values[*view] = columns.by_ref().take(N_TIMES + self.n_features[*view]).collect();
            }
        }
        Ok(values)
    }

    fn counts(&self) -> Vec<Counts> {
        self.counts.clone()
    }
}

impl List<'_> {
    /// The columns of all its views.
    fn next(&mut self, spine: &Source, rows: &RecordBatch) -> Result<Vec<ArrayRef>, Error> {
        let coded = self.coder.code(&spine_rows::keys(spine, rows, self.keys)?)?;
        let n_parts = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        let (mut batches, mut places) = (vec![self.nothing.clone()], Vec::with_capacity(rows.num_rows()));
        for part in self.coder.buckets(&coded, n_parts) {
            let is_in_part = part != NONE;
            places.push(if is_in_part { self.parts[part as usize].take(&mut batches)? } else { (0, 0) });
        }
        self.parts.iter_mut().for_each(|part| part.position = None);
        let column = |position: usize| {
            let parts: Vec<_> =
                batches.iter().map(|batch: &RecordBatch| batch.column(position).as_ref()).collect();
            Ok(interleave(&parts, &places)?)
        };
        (0..self.nothing.num_columns()).map(column).collect()
    }
}

impl Cursor {
    fn open(path: &Path) -> Result<Self, Error> {
        Ok(Cursor { batches: Box::new(spill::read(path)?), current: None, next: 0, position: None })
    }

    /// The place of the next row, whose batch is put behind `batches` if it is not there yet.
    fn take(&mut self, batches: &mut Vec<RecordBatch>) -> Result<(usize, usize), Error> {
        while self.current.as_ref().is_none_or(|batch| self.next >= batch.num_rows()) {
            let ended = || Error::Leak("a part has fewer rows than its spine".to_owned());
            self.current = Some(self.batches.next().ok_or_else(ended)??);
            (self.next, self.position) = (0, None);
        }
        let position = self.position.unwrap_or_else(|| {
            batches.extend(self.current.clone());
            batches.len() - 1
        });
        self.position = Some(position);
        self.next += 1;
        Ok((position, self.next - 1))
    }
}
