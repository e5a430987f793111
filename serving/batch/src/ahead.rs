//! Rows that are read before the job begins, to know the model, and then are the first ones of the job.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::compute::concat_batches;
use forebay_lake::{Defect, Rows, Scan};

use crate::Error;

/// The rows of a table, of which some were looked at.
pub(crate) struct Ahead {
    seen: VecDeque<Rows>,
    scan: Scan,
}

impl Ahead {
    pub(crate) fn of(scan: Scan) -> Self {
        Ahead { seen: VecDeque::new(), scan }
    }

    /// A batch of those that come, from 0; none behind the last one.
    pub(crate) fn look(&mut self, position: usize) -> Result<Option<&Rows>, Error> {
        while self.seen.len() <= position {
            let Some(rows) = self.scan.next().transpose()? else { return Ok(None) };
            self.seen.push_back(rows);
        }
        Ok(self.seen.get(position))
    }

    /// Rows that were left out so far.
    pub(crate) fn n_skipped(&self) -> u64 {
        self.scan.n_skipped()
    }

    /// Gives rows back, to come next.
    pub(crate) fn give_back(&mut self, rows: Rows) {
        if rows.batch.num_rows() > 0 {
            self.seen.push_front(rows);
        }
    }

    /// Exactly the next `n_rows` rows of one file, or those up to its end.
    pub(crate) fn next_together(&mut self, n_rows: usize) -> Result<Option<Rows>, Error> {
        let Some(first) = self.next().transpose()? else { return Ok(None) };
        let mut n_found = first.batch.num_rows();
        let mut pieces = vec![first];
        while n_found < n_rows {
            let Some(next) = self.next().transpose()? else { break };
            let is_next =
                next.file == pieces[0].file && next.first_row == pieces[0].first_row + n_found as u64;
            if !is_next {
                self.give_back(next);
                break;
            }
            n_found += next.batch.num_rows();
            pieces.push(next);
        }
        let rows = joined(pieces)?;
        let n_taken = n_rows.min(n_found);
        self.give_back(rows.slice(n_taken, n_found - n_taken));
        Ok(Some(rows.slice(0, n_taken)))
    }
}

impl Iterator for Ahead {
    type Item = Result<Rows, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.seen.pop_front() {
            Some(rows) => Some(Ok(rows)),
            None => self.scan.next().map(|rows| rows.map_err(Error::from)),
        }
    }
}

/// Neighbours of one file as one batch.
fn joined(mut pieces: Vec<Rows>) -> Result<Rows, Error> {
    if pieces.len() == 1 {
        return Ok(pieces.remove(0));
    }
    let batches = pieces.iter().map(|rows| &rows.batch);
    let batch = concat_batches(pieces[0].batch.schema_ref(), batches);
    let batch = batch.map_err(|error| Error::Option(error.to_string()))?;
    let mut defects = Vec::new();
    let mut n_before = 0;
    for rows in &pieces {
        let moved = |defect: &Defect| Defect { row: defect.row + n_before, ..defect.clone() };
        defects.extend(rows.defects.iter().map(moved));
        n_before += rows.batch.num_rows();
    }
    Ok(Rows { batch, file: Arc::clone(&pieces[0].file), first_row: pieces[0].first_row, defects })
}
