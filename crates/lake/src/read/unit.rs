//! The pieces that a table is divided into: row groups of Parquet files, and files of other formats.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::read::parquet;
use crate::storage::files::InputFile;
use crate::{Error, Format};

/// Footers that are read at the same time: an object store answers each of them late.
const MAX_THREADS: usize = 8;

/// The smallest part that is read as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    /// The position of its file.
    pub(crate) file: usize,
    /// Of Parquet, from 0.
    pub(crate) row_group: Option<usize>,
    /// The number of its first row in its file, from 1.
    pub(crate) first_row: u64,
    /// None where only reading tells.
    pub(crate) n_rows: Option<u64>,
    pub(crate) size_bytes: u64,
}

/// Neighbouring units of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) file: usize,
    pub(crate) row_groups: Vec<usize>,
    pub(crate) first_row: u64,
    pub(crate) n_rows: Option<u64>,
}

/// The units of files, with the files' positions.
type Found = Mutex<Vec<(usize, Result<Vec<Unit>, Error>)>>;

/// The units of the files at some positions, in their order.
pub(crate) fn units(files: &[InputFile], positions: &[usize], format: Format) -> Result<Vec<Unit>, Error> {
    if format != Format::Parquet {
        let unit = |file: &usize| Unit {
            file: *file,
            row_group: None,
            first_row: 1,
            n_rows: None,
            size_bytes: files[*file].size_bytes,
        };
        return Ok(positions.iter().map(unit).collect());
    }
    let (next, found) = (AtomicUsize::new(0), Found::default());
    thread::scope(|scope| {
        for _ in 0..positions.len().min(MAX_THREADS) {
            scope.spawn(|| read_footers(files, positions, &next, &found));
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(position, _)| *position);
    let units = found.into_iter().map(|(_, units)| units).collect::<Result<Vec<_>, _>>()?;
    Ok(units.into_iter().flatten().collect())
}

/// Reads the footers of files that no other thread has taken.
fn read_footers(files: &[InputFile], positions: &[usize], next: &AtomicUsize, found: &Found) {
    loop {
        let Some(position) = positions.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
        let units = parquet::units(*position, &files[*position]);
        found.lock().unwrap_or_else(PoisonError::into_inner).push((*position, units));
    }
}

/// Puts neighbours of one file together.
pub(crate) fn pieces(units: &[Unit]) -> VecDeque<Piece> {
    let mut pieces: VecDeque<Piece> = VecDeque::new();
    for unit in units {
        match pieces.back_mut() {
            Some(last) if last.file == unit.file => {
                last.row_groups.extend(unit.row_group);
                last.n_rows = last.n_rows.zip(unit.n_rows).map(|(one, other)| one + other);
            }
            _ => pieces.push_back(Piece {
                file: unit.file,
                row_groups: unit.row_group.into_iter().collect(),
                first_row: unit.first_row,
                n_rows: unit.n_rows,
            }),
        }
    }
    pieces
}
