//! The values of rows that some slot has. Rows that lost all of theirs are dropped whenever they are about as many as the rest.

use arrow::array::{Array, ArrayRef, UInt32Array, new_null_array};
use arrow::compute::{interleave, take};
use arrow::datatypes::DataType;

use super::error::JoinError;
use super::groups::number;
use super::winners::{Place, Winner};

/// Rows of a batch that is made of rows that are still needed.
const BATCH_ROWS: usize = 1 << 16;

/// So many rows that are not needed are not worth the work.
pub(crate) const SLACK_ROWS: usize = 1 << 16;

/// Kept rows.
pub(crate) struct Kept {
    kinds: Vec<DataType>,
    /// Columns of each batch.
    batches: Vec<Vec<ArrayRef>>,
    n_rows: usize,
    n_bytes: usize,
}

impl Kept {
    pub(crate) fn new(kinds: Vec<DataType>) -> Self {
        Kept { kinds, batches: Vec::new(), n_rows: 0, n_bytes: 0 }
    }

    pub(crate) fn n_batches(&self) -> usize {
        self.batches.len()
    }

    pub(crate) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Keeps some rows of these columns, as one batch.
    pub(crate) fn add(&mut self, columns: &[ArrayRef], rows: Vec<u32>) -> Result<(), JoinError> {
        let rows = UInt32Array::from(rows);
        let taken = columns.iter().map(|column| take(column, &rows, None)).collect::<Result<Vec<_>, _>>()?;
        self.push(taken);
        Ok(())
    }

    fn push(&mut self, columns: Vec<ArrayRef>) {
        self.n_rows += columns.first().map_or(0, Array::len);
        self.n_bytes += columns.iter().map(Array::get_array_memory_size).sum::<usize>();
        self.batches.push(columns);
    }

    /// Takes over what another one keeps, behind what is kept here.
    pub(crate) fn append(&mut self, other: Kept) {
        self.n_rows += other.n_rows;
        self.n_bytes += other.n_bytes;
        self.batches.extend(other.batches);
    }

    /// Drops what no cell needs, and moves the rest.
    pub(crate) fn compact(&mut self, cells: &mut [Winner]) -> Result<(), JoinError> {
        let n_rows = |batch: &Vec<ArrayRef>| batch.first().map_or(0, Array::len);
        let mut moved: Vec<Vec<u32>> =
            self.batches.iter().map(|batch| vec![u32::MAX; n_rows(batch)]).collect();
        let mut needed = Vec::new();
        for cell in cells.iter_mut().filter(|cell| cell.is_some()) {
            let (batch, row) = (cell.place.batch as usize, cell.place.row as usize);
            let new = &mut moved[batch][row];
            if *new == u32::MAX {
                *new = number(needed.len());
                needed.push((batch, row));
            }
            let new = *new as usize;
            cell.place = Place { batch: number(new / BATCH_ROWS), row: number(new % BATCH_ROWS) };
        }
        let batches = std::mem::take(&mut self.batches);
        (self.n_rows, self.n_bytes) = (0, 0);
        for chunk in needed.chunks(BATCH_ROWS) {
            let column = |position: usize| {
                let parts: Vec<_> = batches.iter().map(|batch| batch[position].as_ref()).collect();
                interleave(&parts, chunk)
            };
            let columns = (0..self.kinds.len()).map(column).collect::<Result<Vec<_>, _>>()?;
            self.push(columns);
        }
        Ok(())
    }

    /// Columns with the rows at some places, and nulls for those at none.
    pub(crate) fn at(&self, places: &[Option<Place>]) -> Result<Vec<ArrayRef>, JoinError> {
        let index = |place: &Option<Place>| match place {
            None => (0, 0),
            Some(place) => (place.batch as usize + 1, place.row as usize),
        };
        let places: Vec<(usize, usize)> = places.iter().map(index).collect();
        let column = |(position, kind): (usize, &DataType)| {
            let nothing = new_null_array(kind, 1);
            let batches = self.batches.iter().map(|batch| batch[position].as_ref());
            let parts: Vec<_> = std::iter::once(nothing.as_ref()).chain(batches).collect();
            Ok(interleave(&parts, &places)?)
        };
        self.kinds.iter().enumerate().map(column).collect()
    }
}
