//! Whether keys and event times come once each, in bounded memory.
//!
//! Each row is kept as 128 bits of hash; equal hashes are taken for equal rows, which among 100 million different ones
//! happens once in 10^22 times. Beyond a budget hashes go to temporary files by their first byte, which are then
//! sorted one at a time: a 256th of what was seen.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use tempfile::TempDir;

use super::error::Error;
use super::finding::grouped;

/// How many rows are remembered as they were, for an example: those of the smallest hashes. If a whole file came twice,
/// they did.
const N_EXAMPLES: usize = 64;

/// The size of a hash.
const HASH_BYTES: usize = 16;

/// Where hashes go that memory has no room for.
#[derive(Debug, Clone)]
pub(crate) struct Spill {
    /// A folder for temporary files.
    pub(crate) folder: PathBuf,
    /// How much one watch keeps in memory.
    pub(crate) budget_bytes: usize,
}

/// The hashes of the rows of one thread.
#[derive(Debug)]
pub(super) struct Unique {
    spill: Spill,
    hashes: Vec<u128>,
    /// Each with a file per first byte.
    spilled: Vec<TempDir>,
    examples: BTreeMap<u128, String>,
    /// One that is known already: equal rows next to each other.
    repeated: Option<String>,
}

impl Unique {
    pub(super) fn new(spill: Spill) -> Self {
        let (hashes, spilled, examples) = (Vec::new(), Vec::new(), BTreeMap::new());
        Unique { spill, hashes, spilled, examples, repeated: None }
    }

    /// Takes the keys and the event times of rows. A row with a null among them is not of a key, and passed over.
    pub(super) fn observe(&mut self, keys: &RecordBatch) -> Result<(), Error> {
        let fields =
            keys.schema().fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(keys.columns())?;
        let mut before = None;
        for (row, bytes) in rows.iter().enumerate() {
            if keys.columns().iter().any(|column| column.is_null(row)) {
                continue;
            }
            let hash = hash(bytes.as_ref());
            if before == Some(hash) && self.repeated.is_none() {
                self.repeated = Some(shown(keys, row)?);
            }
            self.remember(hash, keys, row)?;
            before = Some(hash);
            self.hashes.push(hash);
        }
        self.bound()
    }

    fn remember(&mut self, hash: u128, keys: &RecordBatch, row: usize) -> Result<(), Error> {
        let is_full = self.examples.len() >= N_EXAMPLES;
        if is_full && self.examples.last_key_value().is_some_and(|(greatest, _)| *greatest <= hash) {
            return Ok(());
        }
        self.examples.insert(hash, shown(keys, row)?);
        if self.examples.len() > N_EXAMPLES {
            self.examples.pop_last();
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, mut other: Unique) -> Result<(), Error> {
        self.hashes.append(&mut other.hashes);
        self.spilled.append(&mut other.spilled);
        self.examples.append(&mut other.examples);
        while self.examples.len() > N_EXAMPLES {
            self.examples.pop_last();
        }
        self.repeated = self.repeated.take().or(other.repeated);
        self.bound()
    }

    fn bound(&mut self) -> Result<(), Error> {
        if self.hashes.len() * HASH_BYTES <= self.spill.budget_bytes {
            return Ok(());
        }
        if self.spilled.is_empty() {
            self.spilled.push(tempfile::Builder::new().prefix("keys-").tempdir_in(&self.spill.folder)?);
        }
        self.write_out()
    }

    fn write_out(&mut self) -> Result<(), Error> {
        let Some(folder) = self.spilled.first() else { return Ok(()) };
        self.hashes.sort_unstable();
        for bucket in self.hashes.chunk_by(|one, other| first_byte(*one) == first_byte(*other)) {
            let Some(first) = bucket.first() else { continue };
            let path = folder.path().join(first_byte(*first).to_string());
            let mut file = BufWriter::new(OpenOptions::new().create(true).append(true).open(path)?);
            bucket.iter().try_for_each(|hash| file.write_all(&hash.to_le_bytes()))?;
            file.flush()?;
        }
        self.hashes.clear();
        Ok(())
    }

    /// What is wrong, of `n_rows` rows.
    pub(super) fn finding(mut self, n_rows: u64) -> Result<Option<String>, Error> {
        let mut found = Repeats::default();
        if self.spilled.is_empty() {
            found.count(&mut self.hashes, &self.examples);
        } else {
            self.write_out()?;
            self.hashes = Vec::new();
            for byte in 0..=u8::MAX {
                found.count(&mut self.bucket(byte)?, &self.examples);
            }
        }
        if found.n_rows == 0 {
            return Ok(None);
        }
        let example = self.repeated.or(found.example).map(|row| format!("; one is {row}"));
        let (n_repeats, n_rows) = (grouped(found.n_rows), grouped(n_rows));
        let what = "have the keys and the event time of another";
        Ok(Some(format!("{n_repeats} of {n_rows} rows {what}{}", example.unwrap_or_default())))
    }

    /// The hashes in files whose first byte is `byte`.
    fn bucket(&self, byte: u8) -> Result<Vec<u128>, Error> {
        let mut hashes = Vec::new();
        for folder in &self.spilled {
            match File::open(folder.path().join(byte.to_string())) {
                Ok(file) => read_into(file, &mut hashes)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(hashes)
    }
}

/// Rows that are not the only ones with their hash.
#[derive(Default)]
struct Repeats {
    n_rows: u64,
    example: Option<String>,
}

impl Repeats {
    fn count(&mut self, hashes: &mut [u128], examples: &BTreeMap<u128, String>) {
        hashes.sort_unstable();
        for equal in hashes.chunk_by(PartialEq::eq).filter(|equal| equal.len() > 1) {
            self.n_rows += equal.len() as u64;
            if self.example.is_none() {
                self.example = equal.first().and_then(|hash| examples.get(hash)).cloned();
            }
        }
    }
}

fn read_into(file: File, hashes: &mut Vec<u128>) -> io::Result<()> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut { file }, &mut bytes)?;
    hashes.extend(bytes.as_chunks::<HASH_BYTES>().0.iter().map(|hash| u128::from_le_bytes(*hash)));
    Ok(())
}

/// The same in every thread.
fn hash(bytes: &[u8]) -> u128 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    let first = hasher.finish();
    hasher.write_u8(0);
    (u128::from(first) << 64) | u128::from(hasher.finish())
}

fn first_byte(hash: u128) -> u8 {
    hash.to_be_bytes()[0]
}

/// As in `origin = JFK, time = 2013-01-01T06:00:00Z`.
fn shown(keys: &RecordBatch, row: usize) -> Result<String, Error> {
    let options = FormatOptions::new();
    let schema = keys.schema();
    let column = |(name, column): (&String, &ArrayRef)| -> Result<String, Error> {
        Ok(format!("{name} = {}", ArrayFormatter::try_new(column, &options)?.value(row)))
    };
    let names = schema.fields().iter().map(|field| field.name());
    Ok(names.zip(keys.columns()).map(column).collect::<Result<Vec<_>, _>>()?.join(", "))
}
