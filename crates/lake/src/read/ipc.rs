//! Arrow's file and stream formats.

use std::fs::File;
use std::io::BufReader;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::Block;
use arrow::ipc::reader::FileReader;

use crate::read::head::Head;
use crate::read::ipc_slices::{self, Slices};
use crate::read::ipc_stream::{Stream, guarded};
use crate::read::{Batches, Decoded, ReadError, Wanted, arrange, positions};
use crate::storage::files::{InputFile, Opened};

/// What a file begins with; zeros up to a multiple of eight bytes follow, and then a stream.
const FILE_START: &[u8] = b"ARROW1";

/// A batch that takes more than so many of those that are wanted is read in slices.
const MAX_BATCHES: usize = 4;

/// The rows of a file of this machine.
struct LocalFile {
    file: File,
    /// All columns.
    schema: SchemaRef,
    reader: FileReader<BufReader<File>>,
    blocks: Vec<Block>,
    /// Of the blocks.
    next: usize,
    slices: Option<Slices>,
    wanted: Wanted,
}

/// Opens a file, whose end tells where its batches are.
pub(crate) fn open_file(file: &InputFile, wanted: &Wanted) -> Result<Batches, ReadError> {
    match file.open()? {
        Opened::Local(opened) => Ok(Box::new(LocalFile::open(opened, wanted)?)),
        Opened::Object(object) => {
            let mut source = object.reader(0);
            let schema = guarded(|| Ok(FileReader::try_new(&mut source, None)?.schema()))?;
            let columns = positions(&schema, &wanted.schema)?;
            let mut reader = guarded(|| Ok(FileReader::try_new(source, Some(columns))?))?;
            let next = move || guarded(|| Ok(reader.next().transpose()?)).transpose();
            Ok(arranged(std::iter::from_fn(next), wanted))
        }
    }
}

/// Opens a stream; a file is one behind its first bytes.
pub(crate) fn open_stream(head: Head, wanted: &Wanted) -> Batches {
    let start = start_bytes(head.bytes());
    arranged(Stream::new(head.behind(start)), wanted)
}

/// The bytes of a file before the stream in it; none in a stream.
pub(crate) fn start_bytes(bytes: &[u8]) -> usize {
    let Some(behind) = bytes.strip_prefix(FILE_START) else { return 0 };
    let n_zeros = behind.iter().take_while(|byte| **byte == 0).count();
    (FILE_START.len() + n_zeros) / 8 * 8
}

impl LocalFile {
    fn open(file: File, wanted: &Wanted) -> Result<Self, ReadError> {
        let blocks = guarded(|| ipc_slices::blocks(&file))?;
        let open = |columns| guarded(|| Ok(FileReader::try_new(BufReader::new(file.try_clone()?), columns)?));
        let schema = open(None)?.schema();
        let reader = open(Some(positions(&schema, &wanted.schema)?))?;
        Ok(LocalFile { file, schema, reader, blocks, next: 0, slices: None, wanted: wanted.clone() })
    }

    fn step(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        loop {
            if let Some(slices) = &mut self.slices
                && let Some(rows) = slices.read()?
            {
                return Ok(Some(rows));
            }
            self.slices = None;
            let Some(block) = self.blocks.get(self.next).copied() else { return Ok(None) };
            self.next += 1;
            if usize::try_from(block.bodyLength())? > self.wanted.max_bytes.saturating_mul(MAX_BATCHES) {
                self.slices = Slices::open(&self.file, &self.schema, block, &self.wanted)?;
            }
            if self.slices.is_none() {
                self.reader.set_index(self.next - 1)?;
                return Ok(self.reader.next().transpose()?);
            }
        }
    }
}

impl Iterator for LocalFile {
    type Item = Result<Decoded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = guarded(|| self.step()).transpose()?;
        let arranged = batch.and_then(|batch| arrange(&batch, &self.wanted.schema));
        Some(arranged.map(|batch| Decoded { batch, defects: Vec::new() }))
    }
}

fn arranged(
    batches: impl Iterator<Item = Result<RecordBatch, ReadError>> + Send + 'static,
    wanted: &Wanted,
) -> Batches {
    let schema = wanted.schema.clone();
    let arrange = move |batch: Result<_, ReadError>| {
        Ok(Decoded { batch: arrange(&batch?, &schema)?, defects: Vec::new() })
    };
    Box::new(batches.map(arrange))
}
