//! Reading the rows of a table: pieces one after the other, in batches within bounds.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::Error;
use crate::delta::Reading;
use crate::predicate::{Comparison, Predicate};
use crate::read::unit::{Piece, Unit, pieces};
use crate::read::{self, Decoded, ReadError, Wanted};
use crate::storage::files::InputFile;
use crate::table::{Shard, Shares, Table};

/// Which rows and columns are read, and how many at once.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Names of columns; batches have them in this order.
    pub columns: Vec<String>,
    /// Most rows of a batch.
    pub max_rows: usize,
    /// What a batch should not exceed much.
    pub max_bytes: usize,
    /// All of these hold for the rows that are read; without any, all rows are.
    pub predicate: Vec<Comparison>,
    /// Rows that are left out at the start.
    pub skip_rows: u64,
    /// Rows that are read at most, with those that are left out.
    pub limit: Option<u64>,
}

/// Some rows of one file.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The wanted columns, in the order that they were wanted in.
    pub batch: RecordBatch,
    /// The file that they are from.
    pub file: Arc<str>,
    /// The number of the first one in its file, from 1, among those that are wanted.
    pub first_row: u64,
    /// Rows that hold something that is not of its column's type, in their order; it is null in the batch.
    pub defects: Vec<Defect>,
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// In its batch, from 0.
    pub row: usize,
    /// Names the column, the value and the type.
    pub reason: String,
    /// What the file has where the batch has nulls.
    pub raw: Raw,
}

/// What could not be read, as it stands in the file; the end of a long one is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// Texts that are no values of their columns, with the columns' names.
    Cells(Vec<(String, String)>),
    /// A row of which no cell is known.
    Record(String),
}

/// Characters that are kept of a text or a record.
const MAX_RAW: usize = 10_000;

impl Raw {
    /// One that has no end of a line, and need not be UTF-8.
    pub(crate) fn record(bytes: &[u8]) -> Self {
        let start = &bytes[..bytes.len().min(MAX_RAW * 4)];
        Raw::Record(shortened(String::from_utf8_lossy(start).trim_end_matches(['\r', '\n'])))
    }
}

pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(MAX_RAW).collect()
}

/// The rows of a table, batch by batch.
pub struct Scan {
    table: Arc<Table>,
    pieces: VecDeque<Piece>,
    current: Option<Current>,
    /// Columns behind these are read for the predicate only.
    n_columns: usize,
    wanted: Wanted,
    /// Of a Delta table.
    reading: Option<Reading>,
    /// Rows that are still to be left out.
    skip: u64,
    wanted_skip: u64,
    /// Rows that are still to be read.
    left: u64,
    failed: bool,
}

/// The piece that is being read.
struct Current {
    file: Arc<str>,
    next_row: u64,
    batches: read::Batches,
    /// What is left of a batch that was too large.
    rest: Option<Decoded>,
}

impl Rows {
    /// Some of them; the caller knows that there are as many.
    pub fn slice(&self, start: usize, n_rows: usize) -> Rows {
        let inside = self.defects.iter().filter(|defect| (start..start + n_rows).contains(&defect.row));
        let defects = inside.map(|defect| Defect { row: defect.row - start, ..defect.clone() });
        Rows {
            batch: self.batch.slice(start, n_rows),
            file: Arc::clone(&self.file),
            first_row: self.first_row + start as u64,
            defects: defects.collect(),
        }
    }
}

impl Table {
    /// Reads the rows of a share.
    ///
    /// # Errors
    /// A column is wanted that is not there.
    pub fn scan(self: &Arc<Self>, shard: Shard, options: &ScanOptions) -> Result<Scan, Error> {
        self.scan_share(shard, Shares::OfPieces, options)
    }

    /// The same of one of several shares that threads read at the same time: large row groups on this machine are cut, so
    /// that a table of one is read by all threads. Which rows a share has may be another thing tomorrow.
    ///
    /// # Errors
    /// A column is wanted that is not there.
    pub fn scan_for_thread(self: &Arc<Self>, shard: Shard, options: &ScanOptions) -> Result<Scan, Error> {
        // Nested values must be decoded to be left out, and objects be fetched.
        let is_flat = |name: &String| {
            self.schema.field_with_name(name).is_ok_and(|field| !field.data_type().is_nested())
        };
        let can_cut = self.files.iter().all(InputFile::is_local) && options.columns.iter().all(is_flat);
        let shares = if can_cut { Shares::OfRows } else { Shares::OfPieces };
        self.scan_share(shard, shares, options)
    }

    fn scan_share(
        self: &Arc<Self>,
        shard: Shard,
        shares: Shares,
        options: &ScanOptions,
    ) -> Result<Scan, Error> {
        let predicate = Predicate::of(&options.predicate, &self.schema);
        let predicate = predicate.map_err(|reason| Error::schema(&self.uri(), reason))?;
        let schema = self.columns(options)?;
        let units = self.units_for(shard, shares, predicate.as_ref())?;
        let by_bytes = self.row_bytes(&units).map_or(usize::MAX, |row_bytes| {
            usize::try_from(options.max_bytes as u64 / row_bytes.max(1)).unwrap_or(usize::MAX)
        });
        let max_rows = options.max_rows.min(by_bytes).max(1);
        let wanted = Wanted { schema, max_rows, max_bytes: options.max_bytes, predicate };
        let reading = match &self.delta {
            Some(version) => Some(Reading::of(version, &wanted)?),
            None => None,
        };
        Ok(Scan {
            table: Arc::clone(self),
            pieces: known_pieces(&units, &wanted),
            current: None,
            n_columns: options.columns.len(),
            wanted,
            reading,
            skip: options.skip_rows,
            wanted_skip: options.skip_rows,
            left: options.limit.map_or(u64::MAX, |limit| limit.saturating_sub(options.skip_rows)),
            failed: false,
        })
    }

    /// The columns that are wanted, and behind them those that only the predicate looks at.
    fn columns(&self, options: &ScanOptions) -> Result<SchemaRef, Error> {
        let compared = options.predicate.iter().map(|comparison| &comparison.column);
        let mut fields: Vec<Field> = Vec::new();
        for (position, name) in options.columns.iter().chain(compared).enumerate() {
            if position >= options.columns.len() && fields.iter().any(|field| field.name() == name) {
                continue;
            }
            let found = self.schema.field_with_name(name);
            let missing = |_| Error::schema(&self.uri(), format!("there is no column '{name}'"));
            fields.push(found.map_err(missing)?.clone());
        }
        Ok(Arc::new(Schema::new(fields)))
    }
}

/// Pieces to read. How many rows of them are wanted is known only without a predicate.
fn known_pieces(units: &[Unit], wanted: &Wanted) -> VecDeque<Piece> {
    let mut pieces = pieces(units);
    if wanted.predicate.is_some() {
        for piece in &mut pieces {
            piece.n_rows = None;
        }
    }
    pieces
}

impl Scan {
    /// Rows that were left out so far: all that should be, once there was a batch, unless there are fewer.
    pub fn n_skipped(&self) -> u64 {
        self.wanted_skip - self.skip
    }

    fn step(&mut self) -> Result<Option<Rows>, Error> {
        loop {
            if self.left == 0 {
                return Ok(None);
            }
            let Some(current) = &mut self.current else {
                let Some(piece) = self.pieces.pop_front() else { return Ok(None) };
                self.begin(&piece)?;
                continue;
            };
            let next = match current.rest.take() {
                Some(rest) => Some(rest),
                None => current.batches.next().transpose().map_err(|error| read::at(error, &current.file))?,
            };
            let Some(decoded) = next else {
                self.current = None;
                continue;
            };
            if let Some(rows) = self.cut(&decoded) {
                return Ok(Some(rows));
            }
        }
    }

    /// Opens a piece behind what is to be left out.
    fn begin(&mut self, piece: &Piece) -> Result<(), Error> {
        if let Some(n_rows) = piece.n_rows.filter(|n_rows| *n_rows <= self.skip) {
            self.skip -= n_rows;
            return Ok(());
        }
        let opened = match &self.reading {
            Some(reading) => {
                let opened = reading.open(piece.file, &self.wanted);
                opened.map_err(|error| read::at(error, &self.table.files[piece.file].uri))?
            }
            None => self.open_plain(piece)?,
        };
        self.skip -= opened.skipped;
        let batches = self.filtered(opened.batches);
        let file: Arc<str> = self.table.files[piece.file].uri.as_str().into();
        let next_row = piece.first_row + opened.skipped;
        self.current = Some(Current { file, next_row, batches, rest: None });
        Ok(())
    }

    /// Opens a piece of a table that is no Delta table.
    fn open_plain(&self, piece: &Piece) -> Result<read::Opened, Error> {
        let table = Arc::clone(&self.table);
        let Some(partitions) = &self.table.partitions else {
            return read::open(&table, piece, &self.wanted, self.skip);
        };
        let opened = read::open(&table, piece, &partitions.in_file(&self.wanted), self.skip)?;
        let (file, schema) = (piece.file, Arc::clone(&self.wanted.schema));
        let complete = move |rows: Result<Decoded, ReadError>| match &table.partitions {
            Some(partitions) => partitions.complete(file, rows?, &schema),
            None => rows,
        };
        Ok(read::Opened { batches: Box::new(opened.batches.map(complete)), ..opened })
    }

    /// The rows that are wanted of those that were read.
    fn filtered(&self, batches: read::Batches) -> read::Batches {
        let n_columns = self.n_columns;
        match self.wanted.predicate.clone() {
            None => batches,
            Some(predicate) => Box::new(batches.map(move |rows| predicate.filter(&rows?, n_columns))),
        }
    }

    /// Takes from a batch what may be given away; none where all of it is left out.
    fn cut(&mut self, decoded: &Decoded) -> Option<Rows> {
        let current = self.current.as_mut()?;
        let n_rows = decoded.batch.num_rows();
        let n_skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(n_rows);
        self.skip -= n_skipped as u64;
        current.next_row += n_skipped as u64;
        let decoded = decoded.slice(n_skipped, n_rows - n_skipped);
        let n_left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let n_taken = decoded.batch.num_rows().min(self.wanted.max_rows).min(n_left);
        if n_taken == 0 {
            return None;
        }
        let n_rest = decoded.batch.num_rows() - n_taken;
        current.rest = (n_rest > 0).then(|| decoded.slice(n_taken, n_rest));
        let taken = decoded.slice(0, n_taken);
        let first_row = current.next_row;
        current.next_row += n_taken as u64;
        self.left -= n_taken as u64;
        Some(Rows { batch: taken.batch, file: Arc::clone(&current.file), first_row, defects: taken.defects })
    }
}

impl Iterator for Scan {
    type Item = Result<Rows, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step().transpose();
        self.failed = !matches!(step, Some(Ok(_)));
        step
    }
}
