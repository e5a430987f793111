//! What the log will say of a new file, from the file's own footer: rows, nulls, and the bounds of its columns.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StructArray, UInt64Array,
};
use arrow::compute::{concat, sum};
use arrow::datatypes::{DataType, Field, Schema};
use delta_kernel::expressions::ColumnName;
use delta_kernel::schema::StructType;
use delta_kernel::{KernelError, KernelResult};
use delta_kernel_default_engine::stats::collect_stats;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;

/// The names that the log has for them.
const N_RECORDS: &str = "numRecords";
const NULL_COUNT: &str = "nullCount";

/// A column whose bounds the footer has.
struct Known {
    name: String,
    /// The bounds of each row group.
    bounds: ArrayRef,
    n_nulls: u64,
}

/// The statistics of a file, as a row.
pub(super) fn of(
    footer: &ArrowReaderMetadata,
    columns: &[ColumnName],
    schema: &StructType,
) -> KernelResult<StructArray> {
    let known: Vec<Known> =
        footer.schema().fields().iter().filter_map(|field| known(footer, field)).collect();
    let fields: Vec<Field> = known
        .iter()
        .map(|column| Field::new(&column.name, column.bounds.data_type().clone(), true))
        .collect();
    let n_bounds = known.first().map_or(0, |column| column.bounds.len());
    let options = RecordBatchOptions::new().with_row_count(Some(n_bounds));
    let bounds = known.iter().map(|column| Arc::clone(&column.bounds)).collect();
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), bounds, &options);
    // The kernel knows how bounds are written; of how many rows they are, only we know.
    let of_bounds = collect_stats(&batch.map_err(KernelError::generic_err)?, columns, schema)?;
    counted(&of_bounds, &known, footer.metadata().file_metadata().num_rows())
}

/// None where some row group does not tell its bounds.
fn known(footer: &ArrowReaderMetadata, field: &Field) -> Option<Known> {
    if field.data_type().is_nested() {
        return None;
    }
    let (groups, metadata) = (footer.metadata().row_groups(), footer.metadata().file_metadata());
    let converter =
        StatisticsConverter::try_new(field.name(), footer.schema(), metadata.schema_descr()).ok()?;
    let (mins, maxes) = (converter.row_group_mins(groups).ok()?, converter.row_group_maxes(groups).ok()?);
    let n_nulls: UInt64Array = converter.row_group_null_counts(groups).ok()?;
    let is_told = |group: usize| {
        let n_rows = u64::try_from(groups[group].num_rows()).unwrap_or_default();
        let only_nulls = n_nulls.is_valid(group) && n_nulls.value(group) == n_rows;
        n_nulls.is_valid(group) && (only_nulls || (mins.is_valid(group) && maxes.is_valid(group)))
    };
    let bounds = concat(&[&mins, &maxes]).ok()?;
    let n_nulls_of_all = sum(&n_nulls).unwrap_or_default();
    (0..groups.len()).all(is_told).then(|| Known {
        name: field.name().clone(),
        bounds,
        n_nulls: n_nulls_of_all,
    })
}

/// With the numbers of rows and of nulls that the file has.
fn counted(bounds: &StructArray, known: &[Known], n_rows: i64) -> KernelResult<StructArray> {
    let columns =
        bounds.fields().iter().zip(bounds.columns()).map(|(field, column)| -> KernelResult<ArrayRef> {
            match (field.name().as_str(), field.data_type()) {
                (N_RECORDS, _) => Ok(Arc::new(Int64Array::from(vec![n_rows]))),
                (NULL_COUNT, DataType::Struct(fields)) => {
                    let n_nulls = |field: &Arc<Field>| -> ArrayRef {
                        let column = known.iter().find(|column| column.name == *field.name());
                        let n_nulls = column.and_then(|column| i64::try_from(column.n_nulls).ok());
                        Arc::new(Int64Array::from(vec![n_nulls]))
                    };
                    let counts = fields.iter().map(n_nulls).collect();
                    let counts = StructArray::try_new(fields.clone(), counts, None);
                    Ok(Arc::new(counts.map_err(KernelError::generic_err)?))
                }
                _ => Ok(Arc::clone(column)),
            }
        });
    let columns = columns.collect::<KernelResult<Vec<_>>>()?;
    StructArray::try_new(bounds.fields().clone(), columns, None).map_err(KernelError::generic_err)
}
