//! Readers of the formats. Each gives batches of the wanted columns in the wanted order.

pub(crate) mod head;
pub(crate) mod pipe;
pub(crate) mod schema;
pub(crate) mod unit;

pub(crate) mod parquet;
mod records;
pub(crate) mod csv;
mod json;
mod ipc;
mod ipc_slices;
mod ipc_stream;
mod text;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::predicate::Predicate;
use crate::read::head::Head;
use crate::read::unit::Piece;
use crate::scan::Defect;
use crate::table::Table;
use crate::{Error, Format};

/// What a reader should give.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The columns, with the types that they have in the table.
    pub(crate) schema: SchemaRef,
    pub(crate) max_rows: usize,
    pub(crate) max_bytes: usize,
    /// What need not be read is known by it; the rows are filtered where they come out.
    pub(crate) predicate: Option<Predicate>,
}

/// Rows as they come out of a file.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) batch: RecordBatch,
    pub(crate) defects: Vec<Defect>,
}

/// What goes wrong while a file is read.
pub(crate) type ReadError = Box<dyn std::error::Error + Send + Sync>;

/// The batches of a piece.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<Decoded, ReadError>> + Send>;

/// A piece that is open.
pub(crate) struct Opened {
    /// Rows at its start that the reader has left out already.
    pub(crate) skipped: u64,
    pub(crate) batches: Batches,
}

impl Decoded {
    pub(crate) fn slice(&self, start: usize, n_rows: usize) -> Decoded {
        let inside = self.defects.iter().filter(|defect| (start..start + n_rows).contains(&defect.row));
        let defects = inside.map(|defect| Defect { row: defect.row - start, ..defect.clone() });
        Decoded { batch: self.batch.slice(start, n_rows), defects: defects.collect() }
    }
}

/// Opens a piece of a table; a reader that can do so leaves out up to `skip` rows by itself.
pub(crate) fn open(table: &Table, piece: &Piece, wanted: &Wanted, skip: u64) -> Result<Opened, Error> {
    let file = &table.files[piece.file];
    let at = |error: ReadError| self::at(error, &file.uri);
    let from_start = |batches| Opened { skipped: 0, batches };
    if table.format == Format::Parquet {
        return parquet::open(file, piece, wanted, skip).map_err(at);
    }
    let mut pipe = table.pipe.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let is_pipe = file.uri == "-";
    if table.format == Format::ArrowFile && !is_pipe {
        return ipc::open_file(file, wanted).map(from_start).map_err(at);
    }
    let head = match pipe.take() {
        Some(head) => head,
        None => Head::of_file(file)?,
    };
    let opened = match table.format {
        Format::Csv => csv::open(head, wanted),
        Format::JsonLines => Ok(json::open(head, wanted)),
        Format::Parquet | Format::ArrowFile | Format::ArrowStream => Ok(ipc::open_stream(head, wanted)),
    };
    opened.map(from_start).map_err(at)
}

/// Names the file of an error.
pub(crate) fn at(error: ReadError, uri: &str) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => match error.downcast_ref::<ArrowError>() {
            Some(ArrowError::CsvError(reason) | ArrowError::ParseError(reason)) => {
                Error::content(uri, reason)
            }
            _ => Error::content(uri, &error),
        },
    }
}

/// Puts the columns of a batch into the wanted order.
///
/// # Errors
/// One is missing, or of another type than in the first file.
pub(crate) fn arrange(batch: &RecordBatch, wanted: &SchemaRef) -> Result<RecordBatch, ReadError> {
    let mut columns = Vec::with_capacity(wanted.fields().len());
    for field in wanted.fields() {
        let name = field.name();
        let column = batch.column_by_name(name).ok_or_else(|| missing(name))?;
        if column.data_type() != field.data_type() {
            let (found, expected) = (column.data_type(), field.data_type());
            return Err(format!("column '{name}' is {found}, and {expected} in the first file").into());
        }
        columns.push(column.clone());
    }
    let nullable = arrow::datatypes::Schema::new(
        wanted.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>(),
    );
    Ok(RecordBatch::try_new(std::sync::Arc::new(nullable), columns)?)
}

/// The positions of the wanted columns in a file's schema, in the file's order.
pub(crate) fn positions(file: &SchemaRef, wanted: &SchemaRef) -> Result<Vec<usize>, ReadError> {
    let position = |name: &String| file.index_of(name).map_err(|_| missing(name));
    let mut found =
        wanted.fields().iter().map(|field| position(field.name())).collect::<Result<Vec<_>, _>>()?;
    found.sort_unstable();
    Ok(found)
}

fn missing(name: &str) -> ReadError {
    format!("there is no column '{name}', which the first file has").into()
}
