//! Rows on their way through files, one for each part. They lie in a folder that goes when the build ends.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use arrow::array::{Array, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::error::Error;
use super::spine_rows::rows_within;
use crate::join::groups::NONE;

/// What is written, and later read, at once.
const MESSAGE_BYTES: u64 = 1 << 20;

/// Rows of a part, being written.
pub(crate) struct Part {
    path: PathBuf,
    writer: StreamWriter<BufWriter<File>>,
}

/// Files that several threads write.
pub(crate) struct Spill {
    schema: SchemaRef,
    parts: Vec<Mutex<Part>>,
    n_rows: Vec<AtomicU64>,
}

/// Files that are written.
pub(crate) struct Spilled {
    paths: Vec<PathBuf>,
    n_rows: Vec<u64>,
}

/// Rows of one thread that are not in files yet.
pub(crate) struct Sorter<'a> {
    spill: &'a Spill,
    /// Rows by parts, and where each part starts.
    waiting: Vec<(RecordBatch, Vec<usize>)>,
    n_bytes: usize,
    max_bytes: usize,
}

impl Part {
    pub(crate) fn create(path: PathBuf, schema: &SchemaRef) -> Result<Self, Error> {
        let file = File::create(&path).map_err(|source| spill_error(&path, ArrowError::from(source)))?;
        let writer = StreamWriter::try_new(BufWriter::new(file), schema);
        Ok(Part { writer: writer.map_err(|error| spill_error(&path, error))?, path })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.writer.write(batch).map_err(|error| spill_error(&self.path, error))
    }

    pub(crate) fn finish(self) -> Result<PathBuf, Error> {
        let Part { path, mut writer } = self;
        let end = writer.finish().and_then(|()| Ok(writer.get_mut().flush()?));
        end.map_err(|error| spill_error(&path, error))?;
        Ok(path)
    }
}

/// The batches of a part.
pub(crate) fn read(path: &Path) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + use<>, Error> {
    let path = path.to_owned();
    let file = File::open(&path).map_err(|source| spill_error(&path, ArrowError::from(source)))?;
    let reader = StreamReader::try_new(BufReader::new(file), None);
    let reader = reader.map_err(|error| spill_error(&path, error))?;
    Ok(reader.map(move |batch| batch.map_err(|error| spill_error(&path, error))))
}

impl Spill {
    /// Begins files whose names start alike.
    pub(crate) fn create(folder: &Path, name: &str, n_parts: u32, schema: &SchemaRef) -> Result<Self, Error> {
        let part = |part| Part::create(folder.join(format!("{name}-{part}")), schema).map(Mutex::new);
        let parts = (0..n_parts).map(part).collect::<Result<Vec<_>, Error>>()?;
        let n_rows = parts.iter().map(|_| AtomicU64::new(0)).collect();
        Ok(Spill { schema: SchemaRef::clone(schema), parts, n_rows })
    }

    fn write(&self, part: usize, batch: &RecordBatch) -> Result<(), Error> {
        let mut file = self.parts[part].lock().unwrap_or_else(PoisonError::into_inner);
        let n_at_once = rows_within(MESSAGE_BYTES, batch);
        for start in (0..batch.num_rows()).step_by(n_at_once) {
            file.write(&batch.slice(start, n_at_once.min(batch.num_rows() - start)))?;
        }
        self.n_rows[part].fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Spilled, Error> {
        let mut paths = Vec::new();
        for part in self.parts {
            paths.push(part.into_inner().unwrap_or_else(PoisonError::into_inner).finish()?);
        }
        Ok(Spilled { paths, n_rows: self.n_rows.into_iter().map(AtomicU64::into_inner).collect() })
    }
}

impl Spilled {
    pub(crate) fn n_rows(&self, part: usize) -> u64 {
        self.n_rows[part]
    }

    pub(crate) fn read(
        &self,
        part: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + use<>, Error> {
        read(&self.paths[part])
    }

    /// Makes room on the disk; whatever is left goes with the folder.
    pub(crate) fn remove(self) {
        for path in self.paths {
            let _ = fs::remove_file(path);
        }
    }
}

impl<'a> Sorter<'a> {
    pub(crate) fn new(spill: &'a Spill, max_bytes: u64) -> Self {
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        Sorter { spill, waiting: Vec::new(), n_bytes: 0, max_bytes }
    }

    /// Takes rows, each for its part. Those of [`NONE`] are left out.
    pub(crate) fn push(&mut self, batch: &RecordBatch, parts: &[u32]) -> Result<(), Error> {
        let mut starts = vec![0; self.spill.parts.len() + 1];
        for part in parts.iter().filter(|part| **part != NONE) {
            starts[*part as usize + 1] += 1;
        }
        for part in 1..starts.len() {
            starts[part] += starts[part - 1];
        }
        let (mut next, mut order) = (starts.clone(), vec![0; starts.last().copied().unwrap_or_default()]);
        for (row, part) in (0..).zip(parts).filter(|(_, part)| **part != NONE) {
            let place = &mut next[*part as usize];
            order[*place] = row;
            *place += 1;
        }
        let sorted = take_record_batch(batch, &UInt32Array::from(order))?;
        self.n_bytes += sorted.columns().iter().map(Array::get_array_memory_size).sum::<usize>();
        self.waiting.push((sorted, starts));
        if self.n_bytes > self.max_bytes { self.flush() } else { Ok(()) }
    }

    /// Writes what waits.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        for part in 0..self.spill.parts.len() {
            let of_part = |(batch, starts): &(RecordBatch, Vec<usize>)| {
                batch.slice(starts[part], starts[part + 1] - starts[part])
            };
            let pieces: Vec<RecordBatch> =
                self.waiting.iter().map(of_part).filter(|piece| piece.num_rows() > 0).collect();
            if !pieces.is_empty() {
                self.spill.write(part, &concat_batches(&self.spill.schema, &pieces)?)?;
            }
        }
        self.waiting.clear();
        self.n_bytes = 0;
        Ok(())
    }
}

fn spill_error(path: &Path, error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, source) => Error::Spill { folder: path.display().to_string(), source },
        error => Error::Arrow(error),
    }
}
