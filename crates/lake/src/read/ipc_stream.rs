//! A stream of Arrow as it comes. What a message says of its length is believed only as far as bytes come: room for all of it
//! at once is what a damaged stream could ask for without end.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamDecoder;

use crate::read::ReadError;

/// What is read at once.
const CHUNK_BYTES: u64 = 1 << 20;

/// A stream, batch by batch.
pub(crate) struct Stream<R> {
    source: R,
    decoder: StreamDecoder,
    /// What was read and not decoded yet.
    rest: Buffer,
    is_over: bool,
}

impl<R: Read> Stream<R> {
    pub(crate) fn new(source: R) -> Self {
        Stream {
            source,
            decoder: StreamDecoder::new(),
            rest: Buffer::from_vec(Vec::<u8>::new()),
            is_over: false,
        }
    }

    /// The columns; reads on until they are known, or gives what it comes across.
    pub(crate) fn schema(mut self) -> Result<SchemaRef, ReadError> {
        while self.decoder.schema().is_none() && self.read()? {
            let decoded = guarded(|| Ok(self.decoder.decode(&mut self.rest)?));
            if let Some(schema) = self.decoder.schema() {
                return Ok(schema);
            }
            decoded?;
        }
        self.decoder.schema().ok_or_else(|| "it ends before its columns are told".into())
    }

    fn step(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        while !self.is_over {
            match guarded(|| Ok(self.decoder.decode(&mut self.rest)?)) {
                Ok(Some(batch)) => return Ok(Some(batch)),
                Ok(None) => self.is_over = !self.read()?,
                // It is behind its end, as in a file, where a footer follows.
                Err(_) if self.decoder.finish().is_ok() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        self.decoder.finish().map_err(|_| ReadError::from("it ends within a message"))?;
        Ok(None)
    }

    /// Whether there was more.
    fn read(&mut self) -> Result<bool, ReadError> {
        let mut chunk = Vec::new();
        self.source.by_ref().take(CHUNK_BYTES).read_to_end(&mut chunk)?;
        self.rest = Buffer::from_vec(chunk);
        Ok(!self.rest.is_empty())
    }
}

impl<R: Read> Iterator for Stream<R> {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().transpose();
        self.is_over |= !matches!(step, Some(Ok(_)));
        step
    }
}

/// Decodes what may be damaged: the readers of Arrow trust some of the offsets that they are told, and panic.
pub(crate) fn guarded<T>(decode: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| Err("it is damaged".into()))
}
