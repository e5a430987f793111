//! JSON lines. A line that cannot be read is a defect of its row, found by halving the lines around it.

use std::io::{BufRead as _, Read as _};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, nullif};
use arrow::datatypes::{
    ArrowNativeType as _, DataType, Field, Fields, Float32Type, Float64Type, Schema, SchemaRef,
};
use arrow::json::ReaderBuilder;

use crate::read::head::{Head, Whole};
use crate::read::schema::without_mark;
use crate::read::{Batches, Decoded, ReadError, Wanted, text};
use crate::scan::{Defect, Raw};

/// Longest line.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

/// The rows of a file.
struct Lines {
    source: Whole,
    wanted: Wanted,
    /// The wanted columns, with texts where values are checked one by one.
    texts: SchemaRef,
    /// Of the last one that was read.
    line_number: u64,
}

/// Lines behind each other, without empty ones.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
}

/// Opens a file.
pub(crate) fn open(head: Head, wanted: &Wanted) -> Batches {
    let n_mark = head.bytes().len() - without_mark(head.bytes()).len();
    let texts = wanted.schema.fields().iter().map(|field| {
        let kind = text::json_type(field.data_type());
        Field::new(field.name(), kind, true)
    });
    let texts = Arc::new(Schema::new(texts.collect::<Fields>()));
    Box::new(Lines { source: head.behind(n_mark), wanted: wanted.clone(), texts, line_number: 0 })
}

impl Lines {
    fn step(&mut self) -> Result<Option<Decoded>, ReadError> {
        let chunk = self.read()?;
        let n_lines = chunk.ends.len();
        if n_lines == 0 {
            return Ok(None);
        }
        let (mut batches, mut defects) = (Vec::new(), Vec::new());
        self.decode(&chunk, 0..n_lines, &mut batches, &mut defects)?;
        let texts = concat_batches(&self.texts, &batches)?;
        let (texts, too_large) = without_too_large(&chunk, &texts)?;
        let mut decoded = text::typed(&texts, &self.wanted.schema)?;
        decoded.defects.extend(too_large);
        decoded.defects = text::one_of_each_row(decoded.defects);
        decoded.defects.extend(defects);
        decoded.defects.sort_by_key(|defect| defect.row);
        Ok(Some(decoded))
    }

    /// The next lines, within the bounds of a batch.
    fn read(&mut self) -> Result<Chunk, ReadError> {
        let mut chunk = Chunk::default();
        while chunk.ends.len() < self.wanted.max_rows && chunk.bytes.len() < self.wanted.max_bytes {
            let start = chunk.bytes.len();
            let mut line = self.source.by_ref().take(MAX_LINE_BYTES);
            let n_bytes = line.read_until(b'\n', &mut chunk.bytes)?;
            self.line_number += 1;
            if n_bytes == 0 {
                break;
            }
            if n_bytes as u64 == MAX_LINE_BYTES {
                let line = self.line_number;
                return Err(format!("line {line} is longer than {MAX_LINE_BYTES} bytes").into());
            }
            if chunk.bytes[start..].trim_ascii().is_empty() {
                chunk.bytes.truncate(start);
            } else {
                chunk.ends.push(chunk.bytes.len());
            }
        }
        Ok(chunk)
    }

    /// Decodes lines; one that cannot be decoded becomes a row of nulls and a defect.
    fn decode(
        &self,
        chunk: &Chunk,
        lines: Range<usize>,
        batches: &mut Vec<RecordBatch>,
        defects: &mut Vec<Defect>,
    ) -> Result<(), ReadError> {
        let reason = match self.try_decode(chunk.bytes_of(&lines), lines.len()) {
            Ok(batch) => {
                batches.push(batch);
                return Ok(());
            }
            Err(reason) => reason,
        };
        if lines.len() > 1 {
            let middle = lines.start + lines.len() / 2;
            self.decode(chunk, lines.start..middle, batches, defects)?;
            return self.decode(chunk, middle..lines.end, batches, defects);
        }
        batches.push(self.try_decode(b"{}", 1)?);
        let raw = Raw::record(chunk.bytes_of(&lines));
        defects.push(Defect { row: lines.start, reason: reason.to_string(), raw });
        Ok(())
    }

    fn try_decode(&self, bytes: &[u8], n_rows: usize) -> Result<RecordBatch, ReadError> {
        decode_as(&self.texts, bytes, n_rows)
    }
}

fn decode_as(schema: &SchemaRef, bytes: &[u8], n_rows: usize) -> Result<RecordBatch, ReadError> {
    let builder = ReaderBuilder::new(Arc::clone(schema)).with_coerce_primitive(true);
    // Room for one more shows that there is one too many.
    let mut decoder = builder.with_batch_size(n_rows + 1).build_decoder()?;
    let n_bytes = decoder.decode(bytes)?;
    if n_bytes < bytes.len() || decoder.has_partial_record() || decoder.len() != n_rows {
        return Err("the line is not one JSON object".into());
    }
    decoder.flush()?.ok_or_else(|| "the line is not one JSON object".into())
}

/// Takes away the infinities that numbers became which are too large for their column.
fn without_too_large(chunk: &Chunk, rows: &RecordBatch) -> Result<(RecordBatch, Vec<Defect>), ReadError> {
    let (mut columns, mut defects) = (rows.columns().to_vec(), Vec::new());
    for (field, column) in rows.schema_ref().fields().iter().zip(&mut columns) {
        if !has_infinity(column) {
            continue;
        }
        let mut is_too_large = vec![false; rows.num_rows()];
        for row in (0..column.len()).filter(|row| has_infinity(&column.slice(*row, 1))) {
            let as_text = field.as_ref().clone().with_data_type(floats_as_texts(field.data_type()));
            let as_text = Arc::new(Schema::new(vec![as_text]));
            let line = decode_as(&as_text, chunk.bytes_of(&(row..row + 1)), 1)?;
            if let Some((text, kind)) = too_large(&column.slice(row, 1), line.column(0)) {
                is_too_large[row] = true;
                let of_kind = Field::new(field.name(), kind, true);
                defects.push(text::no_value(row, &of_kind, &text));
            }
        }
        *column = nullif(column, &BooleanArray::from(is_too_large))?;
    }
    Ok((RecordBatch::try_new(rows.schema(), columns)?, defects))
}

/// Whether values hold an infinity, at any depth.
fn has_infinity(values: &ArrayRef) -> bool {
    match values.data_type() {
        DataType::Float32 => values.as_primitive::<Float32Type>().iter().flatten().any(f32::is_infinite),
        DataType::Float64 => values.as_primitive::<Float64Type>().iter().flatten().any(f64::is_infinite),
        DataType::List(_) => {
            let list = values.as_list::<i32>();
            let (start, end) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
            let (start, end) = (start.as_usize(), end.as_usize());
            has_infinity(&list.values().slice(start, end - start))
        }
        DataType::Struct(_) => values.as_struct().columns().iter().any(has_infinity),
        _ => false,
    }
}

/// A type whose values show how the floats of another one were written.
fn floats_as_texts(kind: &DataType) -> DataType {
    let of_field = |field: &Arc<Field>| {
        let kind = floats_as_texts(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(kind))
    };
    match kind {
        DataType::Float32 | DataType::Float64 => DataType::Utf8,
        DataType::List(item) => DataType::List(of_field(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(of_field).collect()),
        kind => kind.clone(),
    }
}

/// The text of a number that became an infinity, and its type, where `texts` are the same values as they were written.
fn too_large(values: &ArrayRef, texts: &ArrayRef) -> Option<(String, DataType)> {
    match values.data_type() {
        DataType::Float32 | DataType::Float64 => {
            let is_too_large = |row: &usize| has_infinity(&values.slice(*row, 1));
            let written = texts.as_string::<i32>();
            let mut texts = (0..values.len()).filter(is_too_large).map(|row| written.value(row));
            let text = texts.find(|text| text::is_number(text))?;
            Some((text.to_owned(), values.data_type().clone()))
        }
        DataType::List(_) => {
            let rows = values.as_list::<i32>().iter().zip(texts.as_list::<i32>().iter());
            rows.filter_map(|(values, texts)| Some((values?, texts?)))
                .find_map(|(values, texts)| too_large(&values, &texts))
        }
        DataType::Struct(_) => {
            let columns = values.as_struct().columns().iter().zip(texts.as_struct().columns());
            columns.into_iter().find_map(|(values, texts)| too_large(values, texts))
        }
        _ => None,
    }
}

impl Chunk {
    fn bytes_of(&self, lines: &Range<usize>) -> &[u8] {
        let start = if lines.start == 0 { 0 } else { self.ends[lines.start - 1] };
        &self.bytes[start..self.ends[lines.end - 1]]
    }
}

impl Iterator for Lines {
    type Item = Result<Decoded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
