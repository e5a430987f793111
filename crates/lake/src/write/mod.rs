//! Writing a table: a file of any format that appears whole or not at all.

use std::io::Write as _;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::csv::Writer as CsvWriter;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use arrow::json::LineDelimitedWriter;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::{Error, Format, NewFile};

/// What a row group may hold in memory before it is written, unless it is said otherwise.
const ROW_GROUP_BYTES: usize = 48 * 1024 * 1024;

/// A table that is being written.
pub struct TableWriter {
    uri: String,
    encoder: Encoder,
    row_group_bytes: usize,
}

enum Encoder {
    Parquet(Box<ArrowWriter<NewFile>>),
    Csv(CsvWriter<NewFile>, HeaderDue),
    JsonLines(LineDelimitedWriter<NewFile>),
    ArrowFile(FileWriter<NewFile>),
    ArrowStream(StreamWriter<NewFile>),
}

/// The schema of a CSV file whose header is not written yet: an empty table has one, too.
type HeaderDue = Option<SchemaRef>;

impl TableWriter {
    /// Begins a table with these columns.
    pub fn start(file: NewFile, format: Format, schema: &SchemaRef) -> Result<Self, Error> {
        let uri = file.uri().to_owned();
        let encoder = match format {
            Format::Parquet => {
                let properties = properties(schema);
                let writer = ArrowWriter::try_new(file, SchemaRef::clone(schema), Some(properties));
                Encoder::Parquet(Box::new(writer.map_err(parquet_at(&uri))?))
            }
            Format::Csv => Encoder::Csv(CsvWriter::new(file), Some(SchemaRef::clone(schema))),
            Format::JsonLines => Encoder::JsonLines(LineDelimitedWriter::new(file)),
            Format::ArrowFile => {
                Encoder::ArrowFile(FileWriter::try_new(file, schema).map_err(arrow_at(&uri))?)
            }
            Format::ArrowStream => {
                Encoder::ArrowStream(StreamWriter::try_new(file, schema).map_err(arrow_at(&uri))?)
            }
        };
        Ok(TableWriter { uri, encoder, row_group_bytes: ROW_GROUP_BYTES })
    }

    /// The same with row groups that hold about so much in memory.
    pub(crate) fn with_row_groups_of(self, row_group_bytes: usize) -> Self {
        TableWriter { row_group_bytes, ..self }
    }

    /// Appends rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        match &mut self.encoder {
            Encoder::Parquet(writer) => {
                let write = |writer: &mut ArrowWriter<NewFile>| {
                    writer.write(batch)?;
                    if writer.in_progress_size() > self.row_group_bytes { writer.flush() } else { Ok(()) }
                };
                write(writer).map_err(parquet_at(&self.uri))
            }
            Encoder::Csv(writer, header) => {
                *header = None;
                writer.write(batch).map_err(arrow_at(&self.uri))
            }
            Encoder::JsonLines(writer) => writer.write(batch).map_err(arrow_at(&self.uri)),
            Encoder::ArrowFile(writer) => writer.write(batch).map_err(arrow_at(&self.uri)),
            Encoder::ArrowStream(writer) => writer.write(batch).map_err(arrow_at(&self.uri)),
        }
    }

    /// Completes the file, which then has its name.
    pub fn finish(self) -> Result<(), Error> {
        let TableWriter { uri, encoder, .. } = self;
        let file = match encoder {
            Encoder::Parquet(writer) => writer.into_inner().map_err(parquet_at(&uri))?,
            Encoder::Csv(mut writer, header) => {
                if let Some(schema) = header {
                    writer.write(&RecordBatch::new_empty(schema)).map_err(arrow_at(&uri))?;
                }
                writer.into_inner()
            }
            Encoder::JsonLines(mut writer) => {
                writer.finish().map_err(arrow_at(&uri))?;
                writer.into_inner()
            }
            Encoder::ArrowFile(writer) => writer.into_inner().map_err(arrow_at(&uri))?,
            Encoder::ArrowStream(writer) => writer.into_inner().map_err(arrow_at(&uri))?,
        };
        file.finish()
    }

    /// Hands what was written on to whoever reads a pipe.
    pub fn flush(&mut self) -> Result<(), Error> {
        match &mut self.encoder {
            Encoder::JsonLines(writer) => writer.get_mut().flush().map_err(Error::io(&self.uri)),
            Encoder::ArrowStream(writer) => writer.flush().map_err(arrow_at(&self.uri)),
            Encoder::Parquet(_) | Encoder::Csv(..) | Encoder::ArrowFile(_) => Ok(()),
        }
    }
}

/// Numbers with fractions hardly ever repeat, so no dictionary of them is tried.
fn properties(schema: &SchemaRef) -> WriterProperties {
    let builder = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let is_fractional = |kind: &DataType| matches!(kind, DataType::Float32 | DataType::Float64);
    let fractional = schema.fields().iter().filter(|field| is_fractional(field.data_type()));
    let plain = fractional.fold(builder, |builder, field| {
        builder.set_column_dictionary_enabled(ColumnPath::new(vec![field.name().clone()]), false)
    });
    plain.build()
}

/// The values of the first row of a batch as JSON objects do it, by column; none that JSON cannot hold.
pub fn row_as_json(row: &RecordBatch) -> Option<String> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(&row.slice(0, 1.min(row.num_rows()))).ok()?;
    writer.finish().ok()?;
    String::from_utf8(writer.into_inner()).ok().map(|line| line.trim_end().to_owned())
}

/// The values of the first row of a batch as people read them; none for nulls.
pub fn row_as_texts(row: &RecordBatch) -> Option<Vec<Option<String>>> {
    let options = FormatOptions::new();
    let text = |column: &ArrayRef| -> Result<Option<String>, ArrowError> {
        let formatter = ArrayFormatter::try_new(column, &options)?;
        Ok((!column.is_null(0)).then(|| formatter.value(0).to_string()))
    };
    if row.num_rows() == 0 { None } else { row.columns().iter().map(text).collect::<Result<_, _>>().ok() }
}

fn arrow_at(uri: &str) -> impl FnOnce(ArrowError) -> Error {
    let uri = uri.to_owned();
    move |error| match error {
        ArrowError::IoError(_, source) => Error::Io { uri, source },
        ArrowError::CsvError(reason) | ArrowError::JsonError(reason) => {
            Error::Content { uri, row: None, reason }
        }
        error => Error::Content { uri, row: None, reason: error.to_string() },
    }
}

fn parquet_at(uri: &str) -> impl FnOnce(ParquetError) -> Error {
    let uri = uri.to_owned();
    move |error| Error::Content { uri, row: None, reason: error.to_string() }
}
