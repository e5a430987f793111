//! SHA-256 over the rows of a training set, one after the other: how they are divided into batches or files makes no difference.
//!
//! A row is the bytes of its columns, so what the spine's columns give is used twice: for the spine alone and for the whole row.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Schema;
use arrow::row::{RowConverter, Rows, SortField};
use forebay_core::hexadecimal::hexadecimal;
use sha2::{Digest as _, Sha256};

use super::error::Error;

/// What is hashed at once.
const AT_ONCE_BYTES: usize = 1 << 15;

/// Rows as they pass.
pub(crate) struct RowHashes {
    n_spine: usize,
    spine: Columns,
    features: Columns,
    of_spine: Hash,
    of_all: Hash,
}

/// Columns that become bytes.
struct Columns {
    converter: RowConverter,
    rows: Rows,
}

/// A hash, and what it is still to take in.
struct Hash {
    hash: Sha256,
    waiting: Vec<u8>,
}

impl RowHashes {
    /// Begins with the names and types of columns, of which so many are the spine's.
    pub(crate) fn new(schema: &Schema, n_spine: usize) -> Result<Self, Error> {
        let (of_spine, of_all) = (Hash::new(schema, n_spine), Hash::new(schema, schema.fields().len()));
        let (spine, features) =
            (Columns::new(schema, 0, n_spine)?, Columns::new(schema, n_spine, usize::MAX)?);
        Ok(RowHashes { n_spine, spine, features, of_spine, of_all })
    }

    pub(crate) fn update(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let (spine, features) = batch.columns().split_at(self.n_spine);
        let (spine, features) = (self.spine.rows(spine)?, self.features.rows(features)?);
        for row in 0..batch.num_rows() {
            let parts = [spine, features].map(|rows| bytes(rows, row));
            self.of_spine.add(&parts[..1]);
            self.of_all.add(&parts);
        }
        Ok(())
    }

    /// That of the spine's columns, and that of all.
    pub(crate) fn finish(self) -> (String, String) {
        (self.of_spine.finish(), self.of_all.finish())
    }
}

impl Columns {
    fn new(schema: &Schema, start: usize, end: usize) -> Result<Self, Error> {
        let fields = &schema.fields()[start..end.min(schema.fields().len())];
        let fields = fields.iter().map(|field| SortField::new(field.data_type().clone()));
        let converter = RowConverter::new(fields.collect())?;
        Ok(Columns { rows: converter.empty_rows(0, 0), converter })
    }

    fn rows(&mut self, columns: &[ArrayRef]) -> Result<&Rows, Error> {
        self.rows.clear();
        if !columns.is_empty() {
            self.converter.append(&mut self.rows, columns)?;
        }
        Ok(&self.rows)
    }
}

/// What a row has of some columns. Of no columns there are no rows.
fn bytes(rows: &Rows, row: usize) -> &[u8] {
    if row < rows.num_rows() { rows.row(row).data() } else { &[] }
}

impl Hash {
    fn new(schema: &Schema, n_columns: usize) -> Self {
        let mut hash = Sha256::new();
        for field in &schema.fields()[..n_columns] {
            hash.update(format!("{:?} {}\n", field.name(), field.data_type()));
        }
        Hash { hash, waiting: Vec::with_capacity(AT_ONCE_BYTES) }
    }

    /// Takes in a row behind its length.
    fn add(&mut self, parts: &[&[u8]]) {
        let n_bytes = parts.iter().map(|part| part.len()).sum::<usize>();
        if self.waiting.len() + size_of::<u64>() + n_bytes > AT_ONCE_BYTES {
            self.hash.update(&self.waiting);
            self.waiting.clear();
        }
        self.waiting.extend_from_slice(&(n_bytes as u64).to_le_bytes());
        if n_bytes > AT_ONCE_BYTES {
            self.hash.update(&self.waiting);
            self.waiting.clear();
            for part in parts {
                self.hash.update(part);
            }
        } else {
            for part in parts {
                self.waiting.extend_from_slice(part);
            }
        }
    }

    fn finish(mut self) -> String {
        self.hash.update(&self.waiting);
        hexadecimal(&self.hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::training_sets::tests::fixture::{batch, numbers, texts};

    /// As it is told in a manifest, without a thought of speed.
    fn plain(batch: &RecordBatch) -> String {
        let mut hash = Sha256::new();
        for field in batch.schema().fields() {
            hash.update(format!("{:?} {}\n", field.name(), field.data_type()));
        }
        let field = |column: &ArrayRef| SortField::new(column.data_type().clone());
        let converter = RowConverter::new(batch.columns().iter().map(field).collect()).unwrap();
        for row in &converter.convert_columns(batch.columns()).unwrap() {
            hash.update((row.data().len() as u64).to_le_bytes());
            hash.update(row.data());
        }
        hexadecimal(&hash.finalize())
    }

    #[test]
    fn a_hash_is_of_the_bytes_of_whole_rows_however_they_come() {
        let long = "x".repeat(AT_ONCE_BYTES);
        let words: Vec<&str> = (0..3_000).map(|row| if row % 1_000 == 7 { &long[..] } else { "a" }).collect();
        let all = batch(&[
            ("id", numbers((0..3_000).map(Some))),
            ("word", texts(&words)),
            ("n", numbers((0..3_000).map(|n| (n % 3 > 0).then_some(n)))),
        ]);
        let spine = all.project(&[0, 1]).unwrap();
        for n_at_once in [1, 7, 3_000] {
            let mut hashes = RowHashes::new(&all.schema(), 2).unwrap();
            for start in (0..3_000).step_by(n_at_once) {
                hashes.update(&all.slice(start, n_at_once.min(3_000 - start))).unwrap();
            }
            assert_eq!(hashes.finish(), (plain(&spine), plain(&all)));
        }
        let mut alone = RowHashes::new(&spine.schema(), 2).unwrap();
        alone.update(&spine).unwrap();
        assert_eq!(alone.finish(), (plain(&spine), plain(&spine)));
        let none = RowHashes::new(&Arc::clone(&all.schema()), 2).unwrap();
        assert_eq!(none.finish().1, plain(&all.slice(0, 0)));
    }
}
