//! Reading an object: any range of it, or from its start to its end.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf as _, Bytes};
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStore as _};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};

use super::object::Object;
use crate::Error;

/// What one request fetches. Columns of a table lie apart, so some blocks are kept.
const BLOCK_BYTES: u64 = 4 * 1024 * 1024;
const MAX_BLOCKS: usize = 16;

/// An object whose ranges are read. A change of the object is an error. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct ObjectFile(Arc<Inner>);

struct Inner {
    object: Object,
    key: Key,
    size_bytes: u64,
    version: Option<String>,
    /// The latest last.
    blocks: Mutex<VecDeque<(u64, Bytes)>>,
}

/// Reads an object on from a place.
pub(crate) struct ObjectReader {
    file: ObjectFile,
    position: u64,
    rest: Bytes,
}

impl ObjectFile {
    pub(crate) fn new(object: &Object, size_bytes: u64, version: Option<String>) -> Result<Self, Error> {
        let key = object.key()?;
        Ok(ObjectFile(Arc::new(Inner {
            object: object.clone(),
            key,
            size_bytes,
            version,
            blocks: Mutex::default(),
        })))
    }

    pub(crate) fn reader(&self, position: u64) -> ObjectReader {
        ObjectReader { file: self.clone(), position, rest: Bytes::new() }
    }

    /// The rest of the block from `position`; empty at the end.
    fn from(&self, position: u64) -> Result<Bytes, object_store::Error> {
        if position >= self.0.size_bytes {
            return Ok(Bytes::new());
        }
        let number = position / BLOCK_BYTES;
        let inside = usize::try_from(position - number * BLOCK_BYTES).unwrap_or(usize::MAX);
        let kept = {
            let blocks = self.0.blocks.lock().unwrap_or_else(PoisonError::into_inner);
            blocks.iter().find(|(kept, _)| *kept == number).map(|(_, block)| block.clone())
        };
        let block = if let Some(block) = kept { block } else { self.fetch_block(number)? };
        Ok(block.slice(inside.min(block.len())..))
    }

    /// Fetches a block and keeps it in the place of an old one.
    fn fetch_block(&self, number: u64) -> Result<Bytes, object_store::Error> {
        let start = number * BLOCK_BYTES;
        let block = self.fetch(start, (start + BLOCK_BYTES).min(self.0.size_bytes))?;
        let mut blocks = self.0.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.len() >= MAX_BLOCKS {
            blocks.pop_front();
        }
        blocks.push_back((number, block.clone()));
        Ok(block)
    }

    fn fetch(&self, start: u64, end: u64) -> Result<Bytes, object_store::Error> {
        let Inner { object, key, version, .. } = &*self.0;
        let range = Some(GetRange::Bounded(start..end));
        let options = GetOptions { range, if_match: version.clone(), ..GetOptions::default() };
        object.ask(async { object.store.get_opts(key, options).await?.bytes().await })
    }
}

impl Read for ObjectReader {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = self.file.from(self.position).map_err(io::Error::other)?;
        }
        let n_bytes = self.rest.len().min(target.len());
        target[..n_bytes].copy_from_slice(&self.rest[..n_bytes]);
        self.rest.advance(n_bytes);
        self.position += n_bytes as u64;
        Ok(n_bytes)
    }
}

impl io::Seek for ObjectReader {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let position = match to {
            io::SeekFrom::Start(position) => Some(position),
            io::SeekFrom::End(offset) => self.file.0.size_bytes.checked_add_signed(offset),
            io::SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.rest = Bytes::new();
        Ok(self.position)
    }
}

impl Length for ObjectFile {
    fn len(&self) -> u64 {
        self.0.size_bytes
    }
}

impl ChunkReader for ObjectFile {
    type T = ObjectReader;

    fn get_read(&self, start: u64) -> ParquetResult<ObjectReader> {
        Ok(self.reader(start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let outside = || ParquetError::EOF(format!("bytes from {start} are outside of the file"));
        let end =
            start.checked_add(length as u64).filter(|end| *end <= self.0.size_bytes).ok_or_else(outside)?;
        let external = |error| ParquetError::External(Box::new(error));
        let block = self.from(start).map_err(external)?;
        if block.len() >= length {
            return Ok(block.slice(..length));
        }
        self.fetch(start, end).map_err(external)
    }
}
