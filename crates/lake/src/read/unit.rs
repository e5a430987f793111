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

/// Parts of row groups are no smaller: a reader decodes again what its first page has before it.
const LEAST_CUT_ROWS: u64 = 1 << 15;

/// How many units each share should be able to choose from, where they are cut for it.
const CUTS: u64 = 4;

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
    /// Which rows of its row group, if not all.
    pub(crate) cut: Option<Cut>,
}

/// Some rows of a row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Rows of the group before them.
    pub(crate) n_before: u64,
    pub(crate) n_rows: u64,
}

/// Neighbouring units of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) file: usize,
    pub(crate) row_groups: Vec<usize>,
    pub(crate) first_row: u64,
    pub(crate) n_rows: Option<u64>,
    /// Which rows of its only row group, if not all.
    pub(crate) cut: Option<Cut>,
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
            cut: None,
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

/// Cuts row groups so that `of` shares of about the same size can be made of them.
pub(crate) fn cut(units: &[Unit], of: u32) -> Vec<Unit> {
    let total = units.iter().map(|unit| unit.size_bytes).sum::<u64>().max(1);
    units.iter().flat_map(|unit| parts(unit, total, of)).collect()
}

fn parts(unit: &Unit, total_bytes: u64, of: u32) -> Vec<Unit> {
    let n_wanted =
        (u128::from(unit.size_bytes) * u128::from(of) * u128::from(CUTS)).div_ceil(total_bytes.into());
    let (Some(_), Some(n_rows)) = (unit.row_group, unit.n_rows) else { return vec![*unit] };
    let n_parts = u64::try_from(n_wanted).unwrap_or(u64::MAX).min(n_rows / LEAST_CUT_ROWS);
    if n_parts < 2 {
        return vec![*unit];
    }
    let start = |part: u64| n_rows / n_parts * part + (n_rows % n_parts).min(part);
    let part = |part: u64| {
        let cut = Cut { n_before: start(part), n_rows: start(part + 1) - start(part) };
        Unit {
            first_row: unit.first_row + cut.n_before,
            n_rows: Some(cut.n_rows),
            size_bytes: unit.size_bytes / n_parts,
            cut: Some(cut),
            ..*unit
        }
    };
    (0..n_parts).map(part).collect()
}

/// Puts neighbours of one file together.
pub(crate) fn pieces(units: &[Unit]) -> VecDeque<Piece> {
    let mut pieces: VecDeque<Piece> = VecDeque::new();
    for unit in units {
        if !pieces.back_mut().is_some_and(|last| last.extend(unit)) {
            pieces.push_back(Piece {
                file: unit.file,
                row_groups: unit.row_group.into_iter().collect(),
                first_row: unit.first_row,
                n_rows: unit.n_rows,
                cut: unit.cut,
            });
        }
    }
    pieces
}

impl Piece {
    /// Takes in a unit that follows; false where both cannot be read as one.
    fn extend(&mut self, unit: &Unit) -> bool {
        match (&mut self.cut, unit.cut) {
            (None, None) if self.file == unit.file => self.row_groups.extend(unit.row_group),
            (Some(cut), Some(next))
                if (self.file, self.row_groups.last()) == (unit.file, unit.row_group.as_ref())
                    && cut.n_before + cut.n_rows == next.n_before =>
            {
                cut.n_rows += next.n_rows;
            }
            _ => return false,
        }
        self.n_rows = self.n_rows.zip(unit.n_rows).map(|(one, other)| one + other);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(number: usize, first_row: u64, n_rows: u64) -> Unit {
        let (row_group, n_rows, size_bytes) = (Some(number), Some(n_rows), n_rows * 10);
        Unit { file: 0, row_group, first_row, n_rows, size_bytes, cut: None }
    }

    #[test]
    fn large_row_groups_are_cut_into_neighbours_that_have_all_rows_once() {
        let units = cut(&[group(0, 1, 1_000_003), group(1, 1_000_004, 20)], 2);
        assert_eq!(units.len(), 9);
        let mut next = 1;
        for unit in &units {
            assert_eq!(unit.first_row, next);
            next += unit.n_rows.unwrap();
        }
        assert_eq!(next, 1_000_024);
        assert_eq!(units[8], group(1, 1_000_004, 20));
    }

    #[test]
    fn what_is_small_or_not_counted_is_not_cut() {
        let small = [group(0, 1, 60_000)];
        assert_eq!(cut(&small, 16), small);
        let unknown = [Unit { n_rows: None, row_group: None, ..group(0, 1, 0) }];
        assert_eq!(cut(&unknown, 16), unknown);
    }

    #[test]
    fn neighbouring_parts_of_a_row_group_are_read_as_one() {
        let mut units = cut(&[group(0, 1, 400_000)], 2);
        units.push(group(1, 400_001, 5));
        let found = pieces(&units[2..]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].cut, Some(Cut { n_before: 100_000, n_rows: 300_000 }));
        assert_eq!((found[0].first_row, found[0].n_rows), (100_001, Some(300_000)));
        assert_eq!((found[1].row_groups.as_slice(), found[1].cut), ([1].as_slice(), None));
    }
}
