//! The rows of the spine, in their order, as often as they are needed.

use arrow::array::{Array as _, ArrayRef, Int64Array, RecordBatch};
use forebay_lake::{RowCount, Rows, ScanOptions, Shard};

use super::error::Error;
use super::plan::Plan;
use super::tables::Source;
use crate::join::casts;
use crate::join::times::{self, Rounding};
use crate::model::entity::Key;

/// Rows that are read at once.
pub(crate) const MAX_ROWS: usize = 8_192;

/// What these should not exceed much.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// Rows of the width of these that have about so many bytes: a power of two, so that a little more or less makes no difference.
pub(crate) fn rows_within(max_bytes: u64, batch: &RecordBatch) -> usize {
    let n_bytes = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(MAX_BYTES) as u64;
    let n_bytes: u64 = batch.columns().iter().map(n_bytes).sum();
    let n_rows = max_bytes.saturating_mul(batch.num_rows() as u64) / n_bytes.max(1);
    1 << usize::try_from(n_rows).unwrap_or(MAX_ROWS).clamp(1, MAX_ROWS).ilog2()
}

/// The columns by which features are found.
pub(crate) fn key_columns(plan: &Plan, event_time: &str) -> Vec<String> {
    let mut columns = vec![event_time.to_owned()];
    for key in plan.keys.iter().flatten() {
        if columns.iter().all(|column| column != key.name.as_str()) {
            columns.push(key.name.as_str().to_owned());
        }
    }
    columns
}

/// Reads some columns of all rows.
pub(crate) fn read(
    spine: &Source,
    columns: Vec<String>,
) -> Result<impl Iterator<Item = Result<RecordBatch, Error>>, Error> {
    let options = ScanOptions {
        columns,
        max_rows: MAX_ROWS,
        max_bytes: MAX_BYTES,
        predicate: Vec::new(),
        skip_rows: 0,
        limit: None,
    };
    let told = |error| spine.told(error);
    let rows = spine.table.scan(Shard::ALL, &options).map_err(told)?;
    Ok(rows.map(move |rows| sound(spine, rows.map_err(told)?)))
}

/// A batch in which every row could be read.
pub(crate) fn sound(source: &Source, rows: Rows) -> Result<RecordBatch, Error> {
    match rows.defects.first() {
        None => Ok(rows.batch),
        Some(defect) => {
            let row = rows.first_row + defect.row as u64;
            Err(Error::Row { file: source.file(&rows.file).to_owned(), row, reason: defect.reason.clone() })
        }
    }
}

/// How many rows there are, where that is known.
pub(crate) fn n_rows(spine: &Source) -> Option<u64> {
    match spine.table.n_rows(Shard::ALL) {
        RowCount::Exact(n_rows) => Some(n_rows),
        RowCount::About(_) | RowCount::Unknown => None,
    }
}

/// The times of rows in microseconds.
pub(crate) fn event_times(
    spine: &Source,
    batch: &RecordBatch,
    event_time: &str,
) -> Result<Int64Array, Error> {
    times::micros(event_time, column(spine, batch, event_time)?, Rounding::Down)
        .map_err(Error::of(&spine.uri))
}

/// Keys of rows in their types.
pub(crate) fn keys(spine: &Source, batch: &RecordBatch, keys: &[Key]) -> Result<Vec<ArrayRef>, Error> {
    let key = |key: &Key| {
        let name = key.name.as_str();
        casts::key(name, column(spine, batch, name)?, &key.kind).map_err(Error::of(&spine.uri))
    };
    keys.iter().map(key).collect()
}

pub(crate) fn column<'a>(source: &Source, batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, Error> {
    let missing = || crate::join::error::JoinError::column(name, "there is none of that name");
    batch.column_by_name(name).ok_or_else(|| Error::of(&source.uri)(missing()))
}

/// Rows without a time.
pub(crate) fn n_timeless(times: &Int64Array) -> u64 {
    times.null_count() as u64
}
