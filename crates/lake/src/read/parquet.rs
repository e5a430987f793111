//! Parquet.

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::reader::ChunkReader;

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
    let builder = builder.with_projection(mask).with_row_groups(piece.row_groups.clone());
    Ok(builder.with_batch_size(wanted.max_rows).with_offset(start).build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_rows_are_not_counted_is_not_taken_for_one_row() {
        let unit = |n_rows| Unit { file: 0, row_group: None, first_row: 1, n_rows, size_bytes: 1_000 };
        assert_eq!(row_bytes(&[unit(None)]), None);
        assert_eq!(row_bytes(&[unit(Some(100)), unit(Some(50))]), Some(40));
    }
}
