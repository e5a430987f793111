//! Bodies that are tables already: Parquet and Arrow streams.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::compute::concat_batches;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::model::batch::{Batch, table_bytes};
use crate::model::conform::{Casts, conform};
use crate::model::signature::Inputs;

/// Most bytes of a table in memory. A small file can hold a large one.
const MAX_TABLE_BYTES: usize = 256 * 1024 * 1024;

/// What pandas calls the column of an index when it writes Parquet.
const INDEX_PREFIX: &str = "__index_level_";

/// Decodes a Parquet file.
pub(super) fn decode_parquet(body: &Bytes, inputs: &Inputs) -> Result<Batch, String> {
    guarded("Parquet file", || read_parquet(body, inputs))
}

/// Decodes an Arrow stream.
pub(super) fn decode_arrow(body: &Bytes, inputs: &Inputs) -> Result<Batch, String> {
    guarded("Arrow stream", || read_arrow(body, inputs))
}

/// Reads a body whose reader may panic: both readers trust some of the lengths and offsets that a file tells, and a
/// damaged file is a caller's mistake. What they leave behind is dropped with the request.
pub(super) fn guarded(what: &str, read: impl FnOnce() -> Result<Batch, String>) -> Result<Batch, String> {
    IS_GUARDED.set(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    IS_GUARDED.set(false);
    read.unwrap_or_else(|_| Err(format!("Failed to parse input: the {what} is damaged")))
}

thread_local! {
    /// Whether the thread reads a body in `guarded`.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread is a caller's mistake, for the hook that tells panics: it is caught and answered with a 400.
pub fn panics_are_callers_fault() -> bool {
    IS_GUARDED.get()
}

fn read_parquet(body: &Bytes, inputs: &Inputs) -> Result<Batch, String> {
    let unreadable =
        |error: &dyn std::fmt::Display| format!("Failed to parse input as a Parquet file: {error}");
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(body.clone()).map_err(|error| unreadable(&error))?;
    let claimed = builder.metadata().row_groups().iter().map(|group| group.total_byte_size().unsigned_abs());
    if claimed.fold(0_u64, u64::saturating_add) > MAX_TABLE_BYTES as u64 {
        return Err(too_large());
    }
    let schema = builder.schema().clone();
    let reader = builder.build().map_err(|error| unreadable(&error))?;
    let table = collect(reader).map_err(|error| unreadable(&error))?;
    let table = concat_batches(&schema, &table).map_err(|error| unreadable(&error))?;
    let table = if *inputs == Inputs::Untold { without_index(&table)? } else { table };
    conform(&table, inputs, Casts::Strict).map_err(|misfit| misfit.to_string())
}

fn read_arrow(body: &Bytes, inputs: &Inputs) -> Result<Batch, String> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let reason = no_stream(body).unwrap_or_else(|| error.to_string());
        format!("Failed to parse input as an Arrow stream: {reason}")
    };
    let mut decoder = StreamDecoder::new();
    let mut rest = Buffer::from(body.clone());
    let batches = std::iter::from_fn(|| decoder.decode(&mut rest).transpose());
    let mut batches = collect(batches).map_err(|error| unreadable(&error))?;
    let ends_within = || format!("it ends within a message, after {} bytes", body.len());
    decoder.finish().map_err(|_| unreadable(&ends_within()))?;
    let Some(schema) = decoder.schema() else { return Err(unreadable(&"it has no schema")) };
    let table = match batches.len() {
        1 => batches.remove(0),
        _ => concat_batches(&schema, &batches).map_err(|error| unreadable(&error))?,
    };
    conform(&table, inputs, Casts::Strict).map_err(|misfit| misfit.to_string())
}

/// What came, where it does not begin as a stream does. Old streams begin with a length, so this is only asked of bodies
/// that cannot be read.
fn no_stream(body: &[u8]) -> Option<String> {
    let came = match body {
        [0xff, 0xff, 0xff, 0xff, ..] => return None,
        [] => "an empty body".to_owned(),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => "an Arrow file".to_owned(),
        [b'P', b'A', b'R', b'1', ..] => "a Parquet file".to_owned(),
        [b'{' | b'[', ..] => "JSON".to_owned(),
        other => {
            let bytes: Vec<String> = other.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            format!("the bytes {}", bytes.join(" "))
        }
    };
    Some(format!("an IPC stream is expected, which begins with the bytes ff ff ff ff; {came} came"))
}

fn too_large() -> String {
    format!("the table takes more than {MAX_TABLE_BYTES} bytes")
}

/// All batches, as long as they take a bounded amount of memory.
fn collect(
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<Vec<RecordBatch>, ArrowError> {
    let (mut all, mut size_bytes) = (Vec::new(), 0_usize);
    for batch in batches {
        let batch = batch?;
        size_bytes = size_bytes.saturating_add(table_bytes(&batch));
        if size_bytes > MAX_TABLE_BYTES {
            return Err(ArrowError::MemoryError(too_large()));
        }
        all.push(batch);
    }
    Ok(all)
}

/// The table without the columns that only hold the index of a pandas frame.
fn without_index(table: &RecordBatch) -> Result<RecordBatch, String> {
    let fields = table.schema_ref().fields().iter().enumerate();
    let kept: Vec<usize> =
        fields.filter(|(_, field)| !field.name().starts_with(INDEX_PREFIX)).map(|(place, _)| place).collect();
    table.project(&kept).map_err(|error| error.to_string())
}
