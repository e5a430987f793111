//! Some rows of a batch in an Arrow file at a time. A program may write a whole table as one batch, which would not fit
//! into memory; its columns lie there as they are in memory, so that any rows of them can be read alone.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use arrow::array::{ArrayData, ArrayRef, RecordBatch, make_array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::ipc::reader::read_footer_length;
use arrow::ipc::{Block, root_as_footer, root_as_message};

use crate::read::{ReadError, Wanted, missing};

/// Behind the footer: its length, and the name of the format.
const END_BYTES: usize = 10;

/// Before the metadata of a batch: a mark and the length; files of old have the length alone.
const MARK: [u8; 4] = [0xff; 4];

/// The rows of one batch.
pub(crate) struct Slices {
    file: File,
    schema: SchemaRef,
    columns: Vec<Column>,
    n_rows: usize,
    next_row: usize,
    /// Rows of a slice: whole bytes of bits.
    n_slice: usize,
}

/// Where a column lies in the file: bits of what is there, then values, or their ends and the bytes of all.
struct Column {
    field: FieldRef,
    buffers: Vec<Span>,
}

/// Bytes of a file.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    n_bytes: u64,
}

/// Where the batches of a file are; each of them, and each dictionary, lies in the file.
pub(crate) fn blocks(file: &File) -> Result<Vec<Block>, ReadError> {
    let size = file.metadata()?.len();
    let broken = || ReadError::from("the file is too short");
    let mut end = [0; END_BYTES];
    let at = size.checked_sub(END_BYTES as u64).ok_or_else(broken)?;
    file.read_exact_at(&mut end, at)?;
    let n_footer = read_footer_length(end)?;
    let footer = bytes(file, at.checked_sub(n_footer as u64).ok_or_else(broken)?, n_footer)?;
    let footer = root_as_footer(&footer).map_err(|error| error.to_string())?;
    let blocks: Vec<Block> = footer.recordBatches().iter().flatten().copied().collect();
    let mut all = blocks.iter().chain(footer.dictionaries().into_iter().flatten());
    if all.all(|block| lies_in(block, size)) { Ok(blocks) } else { Err(broken()) }
}

/// Whether a file of that size has a block as long as it says.
fn lies_in(block: &Block, size: u64) -> bool {
    let parts = [block.offset(), i64::from(block.metaDataLength()), block.bodyLength()];
    let end = parts.into_iter().try_fold(0, |sum, part| u64::try_from(part).ok()?.checked_add(sum));
    end.is_some_and(|end| end <= size)
}

impl Slices {
    /// Opens a batch of a file with that schema; none where a column is compressed, or of a type that has no simple layout.
    pub(crate) fn open(
        file: &File,
        schema: &Schema,
        block: Block,
        wanted: &Wanted,
    ) -> Result<Option<Self>, ReadError> {
        let at = u64::try_from(block.offset())?;
        let n_metadata = usize::try_from(block.metaDataLength())?;
        let metadata = bytes(file, at, n_metadata)?;
        let n_mark = if metadata.starts_with(&MARK) { 8 } else { 4 };
        let message = metadata.get(n_mark..).ok_or("a batch has no metadata")?;
        let message = root_as_message(message).map_err(|error| error.to_string())?;
        let batch = message.header_as_record_batch().ok_or("a batch is no batch of records")?;
        let Some(buffers) = batch.buffers().filter(|_| batch.compression().is_none()) else {
            return Ok(None);
        };
        let body = at + n_metadata as u64;
        let spans = buffers.iter().map(|buffer| {
            let start = body.saturating_add(u64::try_from(buffer.offset())?);
            Ok(Span { start, n_bytes: u64::try_from(buffer.length())? })
        });
        let spans = spans.collect::<Result<Vec<_>, ReadError>>()?;
        let Some(columns) = columns(schema, &spans, &wanted.schema)? else { return Ok(None) };
        let n_rows = usize::try_from(batch.length())?;
        let row_bytes = usize::try_from(block.bodyLength())? / n_rows.max(1);
        let n_slice = (wanted.max_bytes / row_bytes.max(1)).min(wanted.max_rows);
        let fields = columns.iter().map(|column| column.field.as_ref().clone().with_nullable(true));
        Ok(Some(Slices {
            file: file.try_clone()?,
            schema: Arc::new(Schema::new(fields.collect::<Vec<Field>>())),
            columns,
            n_rows,
            next_row: 0,
            n_slice: (n_slice / 8).max(1) * 8,
        }))
    }

    /// The next rows.
    pub(crate) fn read(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        let n_rows = self.n_slice.min(self.n_rows - self.next_row);
        if n_rows == 0 {
            return Ok(None);
        }
        let read = |column: &Column| column.read(&self.file, self.next_row, n_rows);
        let columns = self.columns.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        self.next_row += n_rows;
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), columns)?))
    }
}

impl Column {
    /// Reads rows; the first one is at the start of a byte of bits.
    fn read(&self, file: &File, start: usize, n_rows: usize) -> Result<ArrayRef, ReadError> {
        let kind = self.field.data_type();
        let bits = |span: &Span| span.part(file, start / 8, n_rows.div_ceil(8));
        let [present, rest @ ..] = self.buffers.as_slice() else {
            return Ok(arrow::array::new_null_array(kind, n_rows));
        };
        let present = if present.n_bytes == 0 { None } else { Some(bits(present)?) };
        let mut data =
            ArrayData::builder(kind.clone()).len(n_rows).null_bit_buffer(present.map(Buffer::from));
        match (kind, rest) {
            (DataType::Boolean, [values]) => data = data.add_buffer(bits(values)?.into()),
            (_, [values]) => {
                let width = kind.primitive_width().unwrap_or_default();
                data = data.add_buffer(values.part(file, start * width, n_rows * width)?.into());
            }
            (DataType::Utf8 | DataType::Binary, [ends, values]) => {
                let ends = ends.part(file, start * 4, (n_rows + 1) * 4)?;
                let ends =
                    ends.chunks_exact(4).map(|end| i32::from_le_bytes([end[0], end[1], end[2], end[3]]));
                let (ends, values) = texts(file, ends.map(i64::from).collect(), values)?;
                let ends = ends.into_iter().map(i32::try_from).collect::<Result<Vec<_>, _>>()?;
                data = data.add_buffer(Buffer::from_vec(ends)).add_buffer(values.into());
            }
            (_, [ends, values]) => {
                let ends = ends.part(file, start * 8, (n_rows + 1) * 8)?;
                let ends =
                    ends.chunks_exact(8).map(|end| i64::from_le_bytes(end.try_into().unwrap_or_default()));
                let (ends, values) = texts(file, ends.collect(), values)?;
                data = data.add_buffer(Buffer::from_vec(ends)).add_buffer(values.into());
            }
            _ => return Err(format!("column '{}' has no simple layout", self.field.name()).into()),
        }
        Ok(make_array(data.align_buffers(true).build()?))
    }
}

impl Span {
    fn part(&self, file: &File, start: usize, n_bytes: usize) -> Result<Vec<u8>, ReadError> {
        let (start, n_bytes) = (start as u64, n_bytes as u64);
        if start.checked_add(n_bytes).is_none_or(|end| end > self.n_bytes) {
            return Err("a column is shorter than its batch".into());
        }
        Ok(bytes(file, self.start.saturating_add(start), usize::try_from(n_bytes)?)?)
    }
}

/// The ends of some texts from 0 on, and their bytes.
fn texts(file: &File, ends: Vec<i64>, values: &Span) -> Result<(Vec<i64>, Vec<u8>), ReadError> {
    let (first, last) = (ends.first().copied().unwrap_or_default(), ends.last().copied().unwrap_or_default());
    let n_bytes = usize::try_from(last.saturating_sub(first))?;
    let bytes = values.part(file, usize::try_from(first)?, n_bytes)?;
    Ok((ends.into_iter().map(|end| end.saturating_sub(first)).collect(), bytes))
}

/// The places of the wanted columns.
fn columns(file: &Schema, spans: &[Span], wanted: &Schema) -> Result<Option<Vec<Column>>, ReadError> {
    let (mut columns, mut next) = (Vec::new(), 0);
    for field in file.fields() {
        let Some(n_buffers) = n_buffers(field.data_type()) else { return Ok(None) };
        if wanted.field_with_name(field.name()).is_ok() {
            if !is_simple(field.data_type()) {
                return Ok(None);
            }
            let buffers = spans.get(next..next + n_buffers).ok_or("a batch has too few columns")?;
            columns.push(Column { field: Arc::clone(field), buffers: buffers.to_vec() });
        }
        next += n_buffers;
    }
    match wanted.fields().iter().find(|field| file.field_with_name(field.name()).is_err()) {
        Some(field) => Err(missing(field.name())),
        None => Ok(Some(columns)),
    }
}

/// Whether rows of a column lie behind each other.
fn is_simple(kind: &DataType) -> bool {
    let is_text =
        matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary);
    is_text || kind.is_primitive() || matches!(kind, DataType::Boolean | DataType::Null)
}

/// How many buffers a column has with all that is in it; none where the type alone does not tell.
fn n_buffers(kind: &DataType) -> Option<usize> {
    let of_fields = |fields: &[FieldRef]| -> Option<usize> {
        fields.iter().map(|field| n_buffers(field.data_type())).sum()
    };
    Some(match kind {
        DataType::Null => 0,
        DataType::Boolean | DataType::FixedSizeBinary(_) | DataType::Dictionary(..) => 2,
        kind if kind.is_primitive() => 2,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => 3,
        DataType::List(item) | DataType::LargeList(item) | DataType::Map(item, _) => {
            2 + n_buffers(item.data_type())?
        }
        DataType::FixedSizeList(item, _) => 1 + n_buffers(item.data_type())?,
        DataType::Struct(fields) => 1 + of_fields(fields)?,
        _ => return None,
    })
}

fn bytes(file: &File, start: u64, n_bytes: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; n_bytes];
    file.read_exact_at(&mut bytes, start)?;
    Ok(bytes)
}
