//! SHA-256 over rows, one after the other: how they are divided into batches or files makes no difference.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::row::{RowConverter, SortField};
use forebay_core::hexadecimal::hexadecimal;
use sha2::{Digest as _, Sha256};

use super::error::Error;

/// Rows as they pass.
pub(crate) struct RowHash {
    converter: RowConverter,
    hash: Sha256,
}

impl RowHash {
    /// Begins with the names and types of columns.
    pub(crate) fn new(schema: &Schema) -> Result<Self, Error> {
        let mut hash = Sha256::new();
        for field in schema.fields() {
            hash.update(format!("{:?} {}\n", field.name(), field.data_type()));
        }
        let fields = schema.fields().iter().map(|field| SortField::new(field.data_type().clone()));
        Ok(RowHash { converter: RowConverter::new(fields.collect())?, hash })
    }

    pub(crate) fn update(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        for row in &self.converter.convert_columns(batch.columns())? {
            let bytes = row.data();
            self.hash.update((bytes.len() as u64).to_le_bytes());
            self.hash.update(bytes);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> String {
        hexadecimal(&self.hash.finalize())
    }
}
