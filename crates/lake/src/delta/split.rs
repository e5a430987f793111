//! Dividing new files by the partitions of their rows: a file of a table with partitions has the rows of one, and its values
//! of those columns are in the log.
//!
//! The same file is always divided into the same files, so that one that was divided by a process that died, or by two
//! at once, is the same.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Schema;
use arrow::row::{OwnedRow, RowConverter, SortField};
use delta_kernel::engine::arrow_conversion::scalar::extract_primitive_scalar;
use delta_kernel::expressions::Scalar;
use delta_kernel::transaction::WriteState;
use percent_encoding::percent_decode_str;

use super::in_files::{InFiles, shaped};
use super::site::told;
use crate::{Error, Folder, Format, Lake, ScanOptions, Shard, Table, TableOptions, TableWriter};

/// Files that are written at the same time, and what a row group of one of them may hold in memory.
const MAX_WRITERS: usize = 32;
const ROW_GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Most partitions of the rows of one file.
const MAX_PARTITIONS: usize = 10_000;

/// What is read at once.
const BATCH_ROWS: usize = 16_384;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// A file with the rows of one partition.
pub(super) struct Divided {
    /// In the table's folder.
    pub(super) name: String,
    pub(super) values: HashMap<String, Scalar>,
}

/// Where the rows of files go.
pub(super) struct Into<'a> {
    pub(super) lake: &'a Lake,
    /// Of the table.
    pub(super) folder: &'a Folder,
    pub(super) files: &'a InFiles,
    pub(super) writing: Arc<WriteState>,
}

/// A file that is being divided.
pub(super) struct Division {
    table: Arc<Table>,
    columns: Vec<String>,
    converter: RowConverter,
    /// In the order of their first rows.
    partitions: Vec<HashMap<String, Scalar>>,
    /// Their files.
    names: Vec<String>,
    /// The positions of those.
    numbers: HashMap<OwnedRow, u32>,
}

/// The folder that is named after a partition, in the table's, with a slash at its end. Only the log counts, but there are
/// readers that look at the names of folders instead.
///
/// Folders of a table with mapped columns say nothing: the kernel makes up a name whenever it is asked, and the same file has to
/// be divided into the same ones.
fn partition_folder(into: &Into, values: &HashMap<String, Scalar>) -> Result<String, String> {
    if !into.files.names_folders {
        return Ok(String::new());
    }
    let context = into.writing.write_context_builder().with_physical_partition_values(values.clone()).build();
    let context = context.map_err(|error| told(&error))?;
    let folder = context.table_root_dir().make_relative(&context.write_dir()).unwrap_or_default();
    Ok(percent_decode_str(&folder).decode_utf8_lossy().into_owned())
}

impl Division {
    /// Finds out into which files one of the table's folder is divided by the values of some of its columns.
    pub(super) fn plan(into: &Into, name: &str) -> Result<Self, Error> {
        let uri = format!("{}/{name}", into.folder.uri());
        let table = Arc::new(Table::open(into.lake, &uri, &TableOptions::default())?);
        let mut division = Division::of(table, &into.files.partitions)?;
        division.find()?;
        let stem = name.strip_suffix(".parquet").unwrap_or(name).replace('/', "-");
        for (number, values) in division.partitions.iter().enumerate() {
            let folder = partition_folder(into, values).map_err(|reason| Error::content(&uri, &reason))?;
            division.names.push(format!("{folder}{stem}-{number}.parquet"));
        }
        Ok(division)
    }

    /// The files, in the table's folder.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Writes them.
    pub(super) fn perform(self, into: &Into) -> Result<Vec<Divided>, Error> {
        for (number, names) in self.names.chunks(MAX_WRITERS).enumerate() {
            self.write(into, number * MAX_WRITERS, names)?;
        }
        let divided = self.names.into_iter().zip(self.partitions);
        Ok(divided.map(|(name, values)| Divided { name, values }).collect())
    }

    fn of(table: Arc<Table>, columns: &[String]) -> Result<Self, Error> {
        let failed = |error| Error::content(&table.uri(), &error);
        let mut fields = Vec::new();
        for name in columns {
            let field = table.schema().field_with_name(name).map_err(failed)?;
            fields.push(SortField::new(field.data_type().clone()));
        }
        let converter = RowConverter::new(fields).map_err(failed)?;
        let (partitions, names, numbers) = (Vec::new(), Vec::new(), HashMap::new());
        Ok(Division { table, columns: columns.to_vec(), converter, partitions, names, numbers })
    }

    /// Finds out which partitions the rows are of.
    fn find(&mut self) -> Result<(), Error> {
        for batch in self.batches(self.columns.clone())? {
            let batch = batch?;
            let rows = self.rows(&batch)?;
            for (position, row) in rows.into_iter().enumerate() {
                if self.numbers.contains_key(&row) {
                    continue;
                }
                if self.partitions.len() == MAX_PARTITIONS {
                    let reason = format!("its rows are of more than {MAX_PARTITIONS} partitions");
                    return Err(Error::content(&self.table.uri(), &reason));
                }
                let values = self.values(&batch, position)?;
                self.numbers.insert(row, u32::try_from(self.partitions.len()).unwrap_or(u32::MAX));
                self.partitions.push(values);
            }
        }
        Ok(())
    }

    /// Writes the rows of some partitions, from that of a number on.
    fn write(&self, into: &Into, first: usize, names: &[String]) -> Result<(), Error> {
        let (all, files) = (self.table.schema(), into.files);
        let is_kept = |name: &String| files.keeps_partitions || !self.columns.contains(name);
        let kept: Vec<usize> =
            (0..all.fields().len()).filter(|position| is_kept(all.field(*position).name())).collect();
        let names_kept = kept.iter().map(|position| all.field(*position).name());
        let schema = names_kept.map(|name| files.schema.field_with_name(name).cloned());
        let schema = schema.collect::<Result<Vec<_>, _>>().map(|fields| Arc::new(Schema::new(fields)));
        let schema = schema.map_err(|error| Error::content(&self.table.uri(), &error))?;
        let begin = |name: &String| {
            let writer = TableWriter::start(into.folder.create(name)?, Format::Parquet, &schema)?;
            Ok(writer.with_row_groups_of(ROW_GROUP_BYTES))
        };
        let mut writers = names.iter().map(begin).collect::<Result<Vec<_>, Error>>()?;
        let columns = all.fields().iter().map(|field| field.name().clone()).collect();
        for batch in self.batches(columns)? {
            let batch = batch?;
            let numbers = self.numbers_of(&batch)?;
            for (position, writer) in writers.iter_mut().enumerate() {
                let is_its = |number: Option<u32>| number.map(|number| number as usize == first + position);
                let is_its: BooleanArray = numbers.iter().map(is_its).collect();
                let rows = filter_record_batch(&batch, &is_its).and_then(|rows| rows.project(&kept));
                let rows = rows.and_then(|rows| shaped(&rows, &schema));
                let rows = rows.map_err(|error| Error::content(&self.table.uri(), &error))?;
                if rows.num_rows() > 0 {
                    writer.write(&rows)?;
                }
            }
        }
        writers.into_iter().try_for_each(|writer| writer.finish().map(drop))
    }

    fn batches(
        &self,
        columns: Vec<String>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + use<>, Error> {
        let options = ScanOptions {
            columns,
            max_rows: BATCH_ROWS,
            max_bytes: BATCH_BYTES,
            predicate: Vec::new(),
            skip_rows: 0,
            limit: None,
        };
        let scan = self.table.scan(Shard::ALL, &options)?;
        Ok(scan.map(|rows| rows.map(|rows| rows.batch)))
    }

    /// What tells the partitions of rows.
    fn rows(&self, batch: &RecordBatch) -> Result<Vec<OwnedRow>, Error> {
        let column = |name: &String| batch.column_by_name(name).cloned();
        let columns: Vec<ArrayRef> = self.columns.iter().filter_map(column).collect();
        let rows = self.converter.convert_columns(&columns);
        let rows = rows.map_err(|error| Error::content(&self.table.uri(), &error))?;
        Ok(rows.iter().map(|row| row.owned()).collect())
    }

    fn numbers_of(&self, batch: &RecordBatch) -> Result<UInt32Array, Error> {
        Ok(self.rows(batch)?.iter().map(|row| self.numbers.get(row).copied()).collect())
    }

    /// The values of a row, as the log has them.
    fn values(&self, batch: &RecordBatch, row: usize) -> Result<HashMap<String, Scalar>, Error> {
        let value = |name: &String| {
            let column = batch.column_by_name(name)?;
            Some(extract_primitive_scalar(column.as_ref(), row).map(|value| (name.clone(), value)))
        };
        let values = self.columns.iter().filter_map(value).collect::<Result<_, _>>();
        values.map_err(|error| Error::content(&self.table.uri(), &told(&error)))
    }
}
