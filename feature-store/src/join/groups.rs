//! From keys to numbers: each tuple of keys that the spine has is a group. A key of one whole number is looked up as it is, any
//! other as bytes.

use std::hash::BuildHasher as _;

use arrow::array::{ArrayRef, AsArray as _};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::model::value_type::ValueType;

/// The number of no group: the key is null, or the spine does not have it.
pub(crate) const NONE: u32 = u32::MAX;

/// An odd number without a pattern, to choose buckets by other bits than places in a hash table.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// A number of rows, groups or slots, of which there are fewer than [`NONE`]: [`super::spine::SpineBuilder`] takes no more.
#[expect(clippy::cast_possible_truncation, reason = "the spine has fewer rows, and batches are small")]
pub(crate) fn number(number: usize) -> u32 {
    number as u32
}

/// What keys of some types become.
pub(crate) struct Coder {
    /// None for one whole number.
    converter: Option<RowConverter>,
    hasher: DefaultHashBuilder,
}

/// Keys of some rows.
pub(crate) struct Coded {
    keys: Keys,
    /// Where no part of a key is null; none where none is anywhere.
    is_there: Option<NullBuffer>,
}

enum Keys {
    Whole(ScalarBuffer<i64>),
    Bytes(Rows),
}

/// Groups and their keys.
pub(crate) struct Groups {
    hasher: DefaultHashBuilder,
    table: HashTable<u32>,
    known: Known,
}

/// The key of each group.
enum Known {
    Whole(Vec<i64>),
    Bytes { bytes: Vec<u8>, ends: Vec<usize> },
}

impl Coder {
    pub(crate) fn new(kinds: &[ValueType]) -> Result<Self, ArrowError> {
        let is_whole = |kind: &ValueType| {
            matches!(kind, ValueType::Int32 | ValueType::Int64 | ValueType::Date | ValueType::Timestamp)
        };
        let hasher = DefaultHashBuilder::default();
        if let [kind] = kinds
            && is_whole(kind)
        {
            return Ok(Coder { converter: None, hasher });
        }
        let fields = kinds.iter().map(|kind| SortField::new(kind.arrow())).collect();
        Ok(Coder { converter: Some(RowConverter::new(fields)?), hasher })
    }

    /// Keys that have those types.
    pub(crate) fn code(&self, columns: &[ArrayRef]) -> Result<Coded, ArrowError> {
        let nulls = columns.iter().map(|column| column.logical_nulls());
        let is_there = nulls.fold(None, |all, nulls| NullBuffer::union(all.as_ref(), nulls.as_ref()));
        if let Some(converter) = &self.converter {
            return Ok(Coded { keys: Keys::Bytes(converter.convert_columns(columns)?), is_there });
        }
        // A date becomes a number of 64 bits in two steps.
        let is_date = *columns[0].data_type() == DataType::Date32;
        let numbers =
            if is_date { cast(&columns[0], &DataType::Int32)? } else { ArrayRef::clone(&columns[0]) };
        let numbers = cast(&numbers, &DataType::Int64)?;
        let keys = Keys::Whole(numbers.as_primitive::<Int64Type>().values().clone());
        Ok(Coded { keys, is_there })
    }

    pub(crate) fn groups(&self) -> Groups {
        let known = match &self.converter {
            None => Known::Whole(Vec::new()),
            Some(_) => Known::Bytes { bytes: Vec::new(), ends: Vec::new() },
        };
        Groups { hasher: self.hasher.clone(), table: HashTable::new(), known }
    }

    /// In which of `n_buckets` each key belongs; [`NONE`] for keys with nulls.
    pub(crate) fn buckets(&self, coded: &Coded, n_buckets: u32) -> Vec<u32> {
        let bucket = |hash: u64| {
            let upper = hash.wrapping_mul(MIX) >> 32;
            u32::try_from((upper * u64::from(n_buckets)) >> 32).unwrap_or(0)
        };
        (0..coded.n_rows())
            .map(|row| match &coded.keys {
                _ if !coded.is_there(row) => NONE,
                Keys::Whole(numbers) => bucket(self.hasher.hash_one(numbers[row])),
                Keys::Bytes(rows) => bucket(self.hasher.hash_one(rows.row(row).data())),
            })
            .collect()
    }
}

impl Coded {
    fn n_rows(&self) -> usize {
        match &self.keys {
            Keys::Whole(numbers) => numbers.len(),
            Keys::Bytes(rows) => rows.num_rows(),
        }
    }

    pub(crate) fn is_there(&self, row: usize) -> bool {
        self.is_there.as_ref().is_none_or(|is_there| is_there.is_valid(row))
    }

    /// Rows without a key.
    pub(crate) fn n_nulls(&self) -> usize {
        self.is_there.as_ref().map_or(0, NullBuffer::null_count)
    }
}

impl Groups {
    pub(crate) fn len(&self) -> usize {
        match &self.known {
            Known::Whole(numbers) => numbers.len(),
            Known::Bytes { ends, .. } => ends.len(),
        }
    }

    /// About how many bytes they have in memory.
    pub(crate) fn n_bytes(&self) -> usize {
        let known = match &self.known {
            Known::Whole(numbers) => numbers.capacity() * 8,
            Known::Bytes { bytes, ends } => bytes.capacity() + ends.capacity() * 8,
        };
        known + self.table.allocation_size()
    }

    /// The group of each row, those of new keys made; [`NONE`] where a key is null.
    pub(crate) fn of_all(&mut self, coded: &Coded) -> Vec<u32> {
        let is_there = |row: usize| coded.is_there(row);
        match (&coded.keys, &mut self.known) {
            (Keys::Whole(numbers), Known::Whole(known)) => {
                let (hasher, table) = (&self.hasher, &mut self.table);
                let mut make = |row: usize| {
                    let key = numbers[row];
                    let is_same = |group: &u32| known[*group as usize] == key;
                    let hash = hasher.hash_one(key);
                    if let Some(group) = table.find(hash, is_same) {
                        return *group;
                    }
                    let group = number(known.len());
                    known.push(key);
                    table.insert_unique(hash, group, |group| hasher.hash_one(known[*group as usize]));
                    group
                };
                each(numbers.len(), is_there, |one, other| numbers[one] == numbers[other], &mut make)
            }
            (Keys::Bytes(rows), Known::Bytes { bytes, ends }) => {
                let (hasher, table) = (&self.hasher, &mut self.table);
                let mut make = |row: usize| {
                    let key = rows.row(row).data();
                    let hash = hasher.hash_one(key);
                    if let Some(group) = table.find(hash, |group| of_group(bytes, ends, *group) == key) {
                        return *group;
                    }
                    let group = number(ends.len());
                    bytes.extend_from_slice(key);
                    ends.push(bytes.len());
                    table.insert_unique(hash, group, |group| hasher.hash_one(of_group(bytes, ends, *group)));
                    group
                };
                each(rows.num_rows(), is_there, |one, other| rows.row(one) == rows.row(other), &mut make)
            }
            _ => vec![NONE; coded.n_rows()],
        }
    }

    /// The group of each row; [`NONE`] where a key is null or nobody asks for it.
    pub(crate) fn find_all(&self, coded: &Coded) -> Vec<u32> {
        let is_there = |row: usize| coded.is_there(row);
        let table = &self.table;
        match (&coded.keys, &self.known) {
            (Keys::Whole(numbers), Known::Whole(known)) => {
                let mut find = |row: usize| {
                    let key = numbers[row];
                    let found = table.find(self.hasher.hash_one(key), |group| known[*group as usize] == key);
                    found.copied().unwrap_or(NONE)
                };
                each(numbers.len(), is_there, |one, other| numbers[one] == numbers[other], &mut find)
            }
            (Keys::Bytes(rows), Known::Bytes { bytes, ends }) => {
                let mut find = |row: usize| {
                    let key = rows.row(row).data();
                    let is_same = |group: &u32| of_group(bytes, ends, *group) == key;
                    table.find(self.hasher.hash_one(key), is_same).copied().unwrap_or(NONE)
                };
                each(rows.num_rows(), is_there, |one, other| rows.row(one) == rows.row(other), &mut find)
            }
            _ => vec![NONE; coded.n_rows()],
        }
    }
}

fn of_group<'a>(bytes: &'a [u8], ends: &[usize], group: u32) -> &'a [u8] {
    let group = group as usize;
    let start = if group == 0 { 0 } else { ends[group - 1] };
    &bytes[start..ends[group]]
}

/// Looks rows up; one with the key of the row before has its group.
fn each(
    n_rows: usize,
    is_there: impl Fn(usize) -> bool,
    is_same: impl Fn(usize, usize) -> bool,
    look_up: &mut impl FnMut(usize) -> u32,
) -> Vec<u32> {
    let mut groups = Vec::with_capacity(n_rows);
    let mut last: Option<(usize, u32)> = None;
    for row in 0..n_rows {
        if !is_there(row) {
            groups.push(NONE);
            continue;
        }
        let group = match last {
            Some((before, group)) if is_same(before, row) => group,
            _ => look_up(row),
        };
        last = Some((row, group));
        groups.push(group);
    }
    groups
}
