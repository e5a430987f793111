//! Parquet.

use arrow::array::ArrayRef;
use arrow::datatypes::Schema;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::ChunkReader;
use parquet::file::statistics::Statistics;

use crate::Error;
use crate::read::unit::{Piece, Unit};
use crate::read::{Decoded, Opened, ReadError, Wanted, arrange, at, positions};
use crate::storage::files::{self, InputFile};

/// What the footer of a file says.
pub(crate) fn metadata(file: &InputFile) -> Result<ArrowReaderMetadata, Error> {
    let options = ArrowReaderOptions::new();
    let loaded = match file.open()? {
        files::Opened::Local(opened) => ArrowReaderMetadata::load(&opened, options),
        files::Opened::Object(object) => ArrowReaderMetadata::load(&object, options),
    };
    loaded.map_err(|error| at(error.into(), &file.uri))
}

/// The row groups of a file.
pub(crate) fn units(position: usize, file: &InputFile) -> Result<Vec<Unit>, Error> {
    let metadata = metadata(file)?;
    let mut first_row = 1;
    let unit = |(number, group): (usize, &parquet::file::metadata::RowGroupMetaData)| {
        let n_rows = u64::try_from(group.num_rows()).unwrap_or_default();
        let unit = Unit {
            file: position,
            row_group: Some(number),
            first_row,
            n_rows: Some(n_rows),
            size_bytes: u64::try_from(group.total_byte_size()).unwrap_or_default(),
            cut: None,
        };
        first_row += n_rows;
        unit
    };
    Ok(metadata.metadata().row_groups().iter().enumerate().map(unit).collect())
}

/// About how many bytes a row has in memory: that of the widest row group, and some more for what dictionaries save. None
/// where no number of rows is known.
pub(crate) fn row_bytes(units: &[Unit]) -> Option<u64> {
    let widths = units.iter().filter_map(|unit| Some(unit.size_bytes / unit.n_rows?.max(1)));
    widths.max().map(|width| width.saturating_mul(2))
}

/// Opens row groups of a file, behind the rows to leave out.
pub(crate) fn open(file: &InputFile, piece: &Piece, wanted: &Wanted, skip: u64) -> Result<Opened, ReadError> {
    let skipped = skip.min(piece.n_rows.unwrap_or(0));
    let start = usize::try_from(skipped)?;
    let reader = match file.open()? {
        files::Opened::Local(opened) => reader(opened, piece, wanted, start)?,
        files::Opened::Object(object) => reader(object, piece, wanted, start)?,
    };
    let schema = wanted.schema.clone();
    let batches =
        reader.map(move |batch| Ok(Decoded { batch: arrange(&batch?, &schema)?, defects: Vec::new() }));
    Ok(Opened { skipped, batches: Box::new(batches) })
}

fn reader<T: ChunkReader + 'static>(
    source: T,
    piece: &Piece,
    wanted: &Wanted,
    start: usize,
) -> Result<ParquetRecordBatchReader, ReadError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(source)?;
    let roots = positions(builder.schema(), &wanted.schema)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let row_groups = may_hold(&builder, piece, wanted)?;
    let builder = builder.with_projection(mask).with_row_groups(row_groups).with_batch_size(wanted.max_rows);
    let builder = match piece.cut {
        None => builder.with_offset(start),
        Some(cut) => {
            let (n_before, n_rows) = (usize::try_from(cut.n_before)?, usize::try_from(cut.n_rows)?);
            builder.with_offset(n_before + start).with_limit(n_rows.saturating_sub(start))
        }
    };
    Ok(builder.build()?)
}

/// The row groups that may have a row of interest.
fn may_hold<T: ChunkReader + 'static>(
    builder: &ParquetRecordBatchReaderBuilder<T>,
    piece: &Piece,
    wanted: &Wanted,
) -> Result<Vec<usize>, ReadError> {
    let Some(predicate) = &wanted.predicate else { return Ok(piece.row_groups.clone()) };
    let mut row_groups = piece.row_groups.clone();
    let (metadata, schema) = (builder.metadata(), builder.schema());
    for comparison in predicate.comparisons() {
        let Some(Bounds { mins, maxes }) = Bounds::of(&comparison.column, metadata, schema) else { continue };
        let surely_not = comparison.holds_nowhere(&mins, &maxes)?;
        row_groups.retain(|group| !surely_not.value(*group));
    }
    Ok(row_groups)
}

/// The least and the greatest value of a column in each row group; null where nobody knows.
struct Bounds {
    mins: ArrayRef,
    maxes: ArrayRef,
}

impl Bounds {
    fn of(column: &str, metadata: &ParquetMetaData, schema: &Schema) -> Option<Self> {
        let groups = metadata.row_groups();
        let descriptor = metadata.file_metadata().schema_descr();
        let converter = StatisticsConverter::try_new(column, schema, descriptor).ok()?;
        // Old writers compared texts byte by byte with signs.
        let position = converter.parquet_column_index()?;
        let is_old = |group: &RowGroupMetaData| {
            group.column(position).statistics().is_some_and(Statistics::is_min_max_deprecated)
        };
        if groups.iter().any(is_old) {
            return None;
        }
        let (mins, maxes) = (converter.row_group_mins(groups).ok()?, converter.row_group_maxes(groups).ok()?);
        Some(Bounds { mins, maxes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_rows_are_not_counted_is_not_taken_for_one_row() {
        let unit =
            |n_rows| Unit { file: 0, row_group: None, first_row: 1, n_rows, size_bytes: 1_000, cut: None };
        assert_eq!(row_bytes(&[unit(None)]), None);
        assert_eq!(row_bytes(&[unit(Some(100)), unit(Some(50))]), Some(40));
    }
}
