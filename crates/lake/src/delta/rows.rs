//! The rows of a version: the kernel decodes a file, brings it into the shape of the table, and says which rows are deleted.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use delta_kernel::engine::arrow_data::EngineDataArrowExt;
use delta_kernel::scan::Scan;
use delta_kernel::scan::state::{ScanFile, transform_to_logical};
use delta_kernel::schema::SchemaRef;
use delta_kernel::{
    Engine as _, EngineData, FileDataReadResultIterator, FileMeta, KernelError, PredicateRef,
};

use super::kernel::Engine;
use super::site::told;
use super::version::{Version, collect};
use super::{plain, positions, pushdown};
use crate::Error;
use crate::predicate::Comparison;
use crate::read::{Decoded, Opened, ReadError, Wanted, arrange};

/// Some columns of a version, being read.
pub(crate) struct Reading {
    version: Arc<Version>,
    engine: Arc<Engine>,
    scan: Arc<Scan>,
    /// What row groups are chosen by.
    in_files: Option<PredicateRef>,
    /// By path. Those that have no row of interest are missing.
    files: HashMap<String, ScanFile>,
}

/// The rows of a file.
struct FileRows {
    engine: Arc<Engine>,
    scan: Arc<Scan>,
    file: ScanFile,
    batches: FileDataReadResultIterator,
    /// False where a row is deleted; rows behind its end are not.
    is_live: Option<Vec<bool>>,
    /// Whether all row groups are read.
    is_whole: bool,
    positions: Positions,
    n_seen: usize,
    wanted: Wanted,
    /// Columns whose values are in the log.
    partitions: Vec<String>,
}

/// How the positions of rows are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Positions {
    /// All rows come, one after the other.
    Counted,
    /// They are read beside the rows.
    Read,
}

impl Reading {
    /// Prepares the reading of columns.
    pub(crate) fn of(version: &Arc<Version>, wanted: &Wanted) -> Result<Self, Error> {
        let error = version.site.error(Some(version.number()));
        let some_column = version.column_in_files();
        let mut names: Vec<&str> = wanted.schema.fields().iter().map(|field| field.name().as_str()).collect();
        if !names.iter().any(|name| !version.is_partition(name)) {
            // How many rows there are is known by some column of the file.
            names.extend(some_column.as_deref());
        }
        let schema = version.snapshot.schema().project(&names).map_err(&error)?;
        let builder = || Arc::clone(&version.snapshot).scan_builder().with_schema(Arc::clone(&schema));
        let known = |takes: &dyn Fn(&Comparison) -> bool| {
            wanted.predicate.as_ref().and_then(|predicate| pushdown::known(predicate, takes)).map(Arc::new)
        };
        let scan = builder()
            .with_predicate(known(&|comparison| version.is_told_by_log(comparison)))
            .build()
            .map_err(&error)?;
        let in_files = known(&|comparison| version.is_named_in_files(&comparison.column));
        let in_files = builder().with_predicate(in_files).build().map_err(&error)?.physical_predicate();
        let engine = version.site.engine_for_rows(wanted.max_rows);
        let found = collect(&scan, &version.site.engine()).map_err(error)?;
        let is_of_interest = |file: &ScanFile| {
            wanted.predicate.as_ref().is_none_or(|predicate| version.may_hold(file, predicate))
        };
        let files = found.into_iter().filter(is_of_interest).map(|file| (file.path.clone(), file)).collect();
        let (version, engine, scan) = (Arc::clone(version), Arc::new(engine), Arc::new(scan));
        Ok(Reading { version, engine, scan, in_files, files })
    }

    /// Opens the file at a position.
    pub(crate) fn open(&self, position: usize, wanted: &Wanted) -> Result<Opened, ReadError> {
        let path = &self.version.paths[position];
        let Some(file) = self.files.get(path).cloned() else {
            return Ok(Opened { skipped: 0, batches: Box::new(std::iter::empty()) });
        };
        let location = self.version.site.file(path)?;
        let size = u64::try_from(file.size)?;
        let meta = FileMeta { location, last_modified: file.modification_time, size };
        let is_live = file.dv_info.get_selection_vector(self.engine.as_ref(), &self.version.site.root);
        let is_live = is_live.map_err(unreadable)?;
        let (schema, positions, in_files) = self.choose(&file, is_live.as_deref());
        let is_whole = in_files.is_none();
        let batches = self.engine.parquet_handler().read_parquet_files(&[meta], schema, in_files);
        let batches = batches.map_err(unreadable)?;
        let rows = FileRows {
            engine: Arc::clone(&self.engine),
            scan: Arc::clone(&self.scan),
            file,
            batches,
            is_live,
            is_whole,
            positions,
            n_seen: 0,
            wanted: wanted.clone(),
            partitions: self.version.partitions(),
        };
        Ok(Opened { skipped: 0, batches: Box::new(rows) })
    }

    /// What is read of a file, and by what its row groups are chosen. Which rows are deleted is known by their positions, and
    /// that there are as many rows is looked at only when all of them are read.
    fn choose(
        &self,
        file: &ScanFile,
        is_live: Option<&[bool]>,
    ) -> (SchemaRef, Positions, Option<PredicateRef>) {
        let (plain, in_files) = (Arc::clone(self.scan.physical_schema()), self.in_files.clone());
        let Some(is_live) = is_live else { return (plain, Positions::Counted, in_files) };
        let n_rows = file.stats.as_ref().map_or(0, |stats| stats.num_records);
        let has_deleted = n_rows >= is_live.len() as u64;
        match in_files.and_then(|in_files| Some((positions::schema(&plain)?, in_files))) {
            Some((schema, in_files)) if has_deleted => (schema, Positions::Read, Some(in_files)),
            _ => (plain, Positions::Counted, None),
        }
    }
}

impl FileRows {
    fn decode(&mut self, physical: Box<dyn EngineData>) -> Result<Decoded, ReadError> {
        let (physical, positions) = match self.positions {
            Positions::Counted => (physical, None),
            Positions::Read => positions::split(physical).map(|(rows, read)| (rows, Some(read)))?,
        };
        let logical = transform_to_logical(
            self.engine.as_ref(),
            physical,
            self.scan.physical_schema(),
            self.scan.logical_schema(),
            self.file.transform.clone(),
        );
        let logical = logical.and_then(EngineDataArrowExt::try_into_record_batch).map_err(unreadable)?;
        let batch = plain::shaped(&logical, &self.wanted.schema)?;
        let batch = plain::without_empty(&batch, &self.partitions)?;
        let batch = self.without_deleted(&batch, positions)?;
        Ok(Decoded { batch: arrange(&batch, &self.wanted.schema)?, defects: Vec::new() })
    }

    fn without_deleted(
        &mut self,
        batch: &RecordBatch,
        positions: Option<Int64Array>,
    ) -> Result<RecordBatch, ReadError> {
        let first = self.n_seen;
        self.n_seen += batch.num_rows();
        let Some(is_live) = &self.is_live else { return Ok(batch.clone()) };
        let is_live = |position: usize| is_live.get(position).copied().unwrap_or(true);
        let is_live: BooleanArray = match positions {
            None => (first..self.n_seen).map(|position| Some(is_live(position))).collect(),
            Some(read) => {
                let read = read.values().iter();
                read.map(|position| usize::try_from(*position).map(is_live).map(Some))
                    .collect::<Result<_, _>>()?
            }
        };
        Ok(filter_record_batch(batch, &is_live)?)
    }

    /// What is wrong at the end of the file, if anything is.
    fn check(&self) -> Result<(), ReadError> {
        let n_rows = self.n_seen as u64;
        let promised = self.file.stats.as_ref().filter(|_| self.is_whole).map(|stats| stats.num_records);
        if let Some(promised) = promised.filter(|promised| *promised != n_rows) {
            return Err(format!("the log says that it has {promised} rows, and it has {n_rows}").into());
        }
        let n_marked = self.is_live.as_ref().map_or(0, Vec::len);
        if self.is_whole && n_marked > self.n_seen {
            return Err(format!("rows are marked as deleted that it does not have; it has {n_rows}").into());
        }
        Ok(())
    }
}

impl Iterator for FileRows {
    type Item = Result<Decoded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.batches.next() {
            Some(Ok(physical)) => Some(self.decode(physical)),
            Some(Err(error)) => Some(Err(unreadable(error))),
            None => self.check().err().map(Err),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what an error is mapped by")]
fn unreadable(error: KernelError) -> ReadError {
    told(&error).into()
}
