//! Arrow's file and stream formats.

use std::io::{BufReader, Read, Seek};

use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::record_batch::RecordBatchReader;

use crate::read::head::Head;
use crate::read::{Batches, Decoded, ReadError, Wanted, arrange, positions};
use crate::storage::files::{InputFile, Opened};

/// What a file begins with; zeros up to a multiple of eight bytes follow, and then a stream.
const FILE_START: &[u8] = b"ARROW1";

/// Opens a file, whose end tells where its batches are.
pub(crate) fn open_file(file: &InputFile, wanted: &Wanted) -> Result<Batches, ReadError> {
    match file.open()? {
        Opened::Local(opened) => file_reader(BufReader::new(opened), wanted),
        Opened::Object(object) => file_reader(object.reader(0), wanted),
    }
}

/// Opens a stream; a file is one behind its first bytes.
pub(crate) fn open_stream(head: Head, wanted: &Wanted) -> Result<Batches, ReadError> {
    let start = start_bytes(head.bytes());
    Ok(arranged(StreamReader::try_new(head.behind(start), None)?, wanted))
}

/// The bytes of a file before the stream in it; none in a stream.
pub(crate) fn start_bytes(bytes: &[u8]) -> usize {
    let Some(behind) = bytes.strip_prefix(FILE_START) else { return 0 };
    let n_zeros = behind.iter().take_while(|byte| **byte == 0).count();
    (FILE_START.len() + n_zeros) / 8 * 8
}

fn file_reader<R: Read + Seek + Send + 'static>(
    mut source: R,
    wanted: &Wanted,
) -> Result<Batches, ReadError> {
    let schema = FileReader::try_new(&mut source, None)?.schema();
    let columns = positions(&schema, &wanted.schema)?;
    Ok(arranged(FileReader::try_new(source, Some(columns))?, wanted))
}

fn arranged(reader: impl RecordBatchReader + Send + 'static, wanted: &Wanted) -> Batches {
    let schema = wanted.schema.clone();
    let arrange = move |batch: Result<_, ArrowError>| {
        Ok(Decoded { batch: arrange(&batch?, &schema)?, defects: Vec::new() })
    };
    Box::new(reader.map(arrange))
}
