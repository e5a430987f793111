//! The columns of a table, from its first file.

use std::io::Cursor;
use std::sync::Arc;

use arrow::csv::reader::Format as CsvFormat;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::json::reader::infer_json_schema;

use crate::read::head::Head;
use crate::read::ipc_stream::Stream;
use crate::read::{ReadError, at, csv, ipc, parquet};
use crate::storage::files::InputFile;
use crate::table::TextTypes;
use crate::{Error, Format};

/// Most rows that are looked at to know what a text column holds.
const MAX_ROWS: usize = 10_000;

/// Reads or infers the schema of a file.
pub(crate) fn of(
    file: &InputFile,
    format: Format,
    head: &mut Head,
    text: &TextTypes,
) -> Result<SchemaRef, Error> {
    let schema = match format {
        Format::Parquet => Ok(Arc::clone(parquet::metadata(file)?.schema())),
        Format::Csv => csv_columns(head, text),
        Format::JsonLines => json(head, text),
        Format::ArrowFile | Format::ArrowStream => arrow(head),
    };
    let schema = schema.map_err(|error| at(error, &file.uri))?;
    let mut names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::schema(&file.uri, format!("there are two columns '{}'", pair[0]))),
        None => Ok(schema),
    }
}

/// About how many bytes a row of text has.
pub(crate) fn row_bytes(format: Format, head: &Head) -> Option<u64> {
    if !matches!(format, Format::Csv | Format::JsonLines) {
        return None;
    }
    let lines = head.whole_lines();
    let n_lines = lines.split_inclusive(|byte| *byte == b'\n').count().max(1);
    Some(lines.len().div_ceil(n_lines) as u64)
}

fn arrow(head: &Head) -> Result<SchemaRef, ReadError> {
    let bytes = head.bytes();
    let start = ipc::start_bytes(bytes);
    Stream::new(&bytes[start..]).schema()
}

fn csv_columns(head: &Head, text: &TextTypes) -> Result<SchemaRef, ReadError> {
    let bytes = without_mark(head.whole_lines());
    if bytes.is_empty() {
        return Err("it is empty, where the first line should name the columns".into());
    }
    let format = CsvFormat::default().with_header(true).with_truncated_rows(true);
    // A record that cannot be read is a defect of its row, and tells nothing about columns.
    let bytes = csv::well_formed(bytes, MAX_ROWS)?;
    let (inferred, _) = format.infer_schema(Cursor::new(bytes), Some(MAX_ROWS))?;
    let fields = inferred.fields().iter().map(|field| {
        let inferred = if text.keep_texts { &DataType::Utf8 } else { field.data_type() };
        let known = if *inferred == DataType::Null { &DataType::Utf8 } else { inferred };
        Field::new(field.name(), text.wanted.get(field.name()).unwrap_or(known).clone(), true)
    });
    Ok(Arc::new(Schema::new(fields.collect::<Fields>())))
}

fn json(head: &Head, text: &TextTypes) -> Result<SchemaRef, ReadError> {
    let lines = head.whole_lines().split_inclusive(|byte| *byte == b'\n');
    let mut first_reason = None;
    // A line that is no object is a defect of its row, and tells nothing about columns.
    let is_object = |line: &&[u8]| match infer_json_schema(Cursor::new(line), Some(1)) {
        Ok((_, n_objects)) => n_objects == 1,
        Err(error) => {
            first_reason.get_or_insert(error.to_string());
            false
        }
    };
    let objects: Vec<u8> = lines.filter(is_object).take(MAX_ROWS).flatten().copied().collect();
    if objects.is_empty() {
        let first = first_reason
            .map_or_else(String::new, |reason| format!("; the first line that is none: {reason}"));
        let unknown = "no line at its start is a JSON object that can be read, so its columns are unknown";
        return Err(format!("{unknown}{first}").into());
    }
    let (inferred, _) = infer_json_schema(Cursor::new(&objects), None)?;
    let mut fields: Vec<Field> = Vec::new();
    for field in inferred.fields() {
        let known = text.wanted.get(field.name()).unwrap_or(field.data_type());
        let known = if *known == DataType::Null { &DataType::Utf8 } else { known };
        fields.push(Field::new(field.name(), known.clone(), true));
    }
    for name in text.optional.iter().filter(|name| inferred.field_with_name(name).is_err()) {
        fields.extend(text.wanted.get(name).map(|wanted| Field::new(name, wanted.clone(), true)));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// Without the mark that some programs put before UTF-8.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}
