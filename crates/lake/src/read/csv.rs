//! CSV: texts first, which then become what their columns are. A record that cannot be read is a defect of its row, found
//! by halving the records around it.

use std::io::Cursor;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};

use crate::read::head::{Head, Whole};
use crate::read::records::Records;
use crate::read::schema::without_mark;
use crate::read::{Batches, Decoded, ReadError, Wanted, positions, text};
use crate::scan::{Defect, Raw};

/// The rows of a file.
struct Lines {
    source: Whole,
    /// All columns of the file, as texts.
    texts: SchemaRef,
    /// The positions of the wanted ones.
    columns: Vec<usize>,
    wanted: Wanted,
}

/// Rows as they are read.
#[derive(Default)]
struct Found {
    batches: Vec<RecordBatch>,
    defects: Vec<Defect>,
}

/// Opens a file, whose first record names its columns in any order.
pub(crate) fn open(head: Head, wanted: &Wanted) -> Result<Batches, ReadError> {
    let bytes = without_mark(head.bytes());
    let n_mark = head.bytes().len() - bytes.len();
    let (header, _) = Format::default().with_header(true).infer_schema(Cursor::new(bytes), Some(0))?;
    let texts = header.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8, true));
    let texts = Arc::new(Schema::new(texts.collect::<Fields>()));
    let columns = positions(&texts, &wanted.schema)?;
    let mut source = head.behind(n_mark);
    Records::read(&mut source, 1, usize::MAX)?;
    Ok(Box::new(Lines { source, texts, columns, wanted: wanted.clone() }))
}

/// The header, and the records that have no more fields than it.
pub(crate) fn well_formed(bytes: &[u8], max_rows: usize) -> Result<Vec<u8>, ReadError> {
    let records = Records::read(&mut Cursor::new(bytes), max_rows + 1, usize::MAX)?;
    let mut kept = Vec::with_capacity(bytes.len());
    for record in 0..records.len() {
        let text = records.bytes_of(&(record..record + 1));
        if records.n_fields(record) <= records.n_fields(0) && std::str::from_utf8(text).is_ok() {
            kept.extend_from_slice(text);
        }
    }
    Ok(kept)
}

impl Lines {
    fn step(&mut self) -> Result<Option<Decoded>, ReadError> {
        let records = Records::read(&mut self.source, self.wanted.max_rows, self.wanted.max_bytes)?;
        if records.len() == 0 {
            return Ok(None);
        }
        let mut found = Found::default();
        self.decode(&records, 0..records.len(), &mut found)?;
        let texts = concat_batches(found.batches[0].schema_ref(), &found.batches)?;
        let mut decoded = text::typed(&texts, &self.wanted.schema)?;
        decoded.defects.extend(found.defects);
        decoded.defects.sort_by_key(|defect| defect.row);
        Ok(Some(decoded))
    }

    /// Decodes records; one that cannot be decoded becomes a row of nulls and a defect.
    fn decode(&self, records: &Records, range: Range<usize>, found: &mut Found) -> Result<(), ReadError> {
        let reason = match self.try_decode(records.bytes_of(&range), range.len()) {
            Ok(batch) => {
                found.batches.push(batch);
                return Ok(());
            }
            Err(reason) => reason,
        };
        if range.len() > 1 {
            let middle = range.start + range.len() / 2;
            self.decode(records, range.start..middle, found)?;
            return self.decode(records, middle..range.end, found);
        }
        let (n_fields, n_columns) = (records.n_fields(range.start), self.texts.fields().len());
        let reason = if n_fields > n_columns {
            format!("it has {n_fields} fields, where the header names {n_columns} columns")
        } else {
            reason.to_string()
        };
        found.batches.push(self.try_decode(b"\"\"\n", 1)?);
        let raw = Raw::record(records.bytes_of(&range));
        found.defects.push(Defect { row: range.start, reason, raw });
        Ok(())
    }

    fn try_decode(&self, bytes: &[u8], n_rows: usize) -> Result<RecordBatch, ReadError> {
        let builder = ReaderBuilder::new(Arc::clone(&self.texts)).with_truncated_rows(true);
        let builder = builder.with_projection(self.columns.clone());
        // Room for one more shows that there is one too many.
        let mut decoder = builder.with_batch_size(n_rows + 1).build_decoder();
        let n_bytes = decoder.decode(bytes)?;
        // Nothing more ends a record without an end of its line.
        decoder.decode(&[])?;
        let batch = decoder.flush()?.filter(|batch| batch.num_rows() == n_rows && n_bytes == bytes.len());
        batch.ok_or_else(|| "it is not one record".into())
    }
}

impl Iterator for Lines {
    type Item = Result<Decoded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
