//! The positions of rows in their file, beside what is read of it: by them it is known which rows are deleted when some row
//! groups are not read.

use std::sync::Arc;

use arrow::array::{AsArray as _, Int64Array};
use arrow::datatypes::Int64Type;
use delta_kernel::engine::arrow_data::{ArrowEngineData, EngineDataArrowExt as _};
use delta_kernel::schema::{MetadataColumnSpec, SchemaRef};
use delta_kernel::{EngineData, KernelResult};

use crate::read::ReadError;

/// The name of their column while a file is read.
const NAME: &str = "forebay position";

/// The columns with the positions behind them; none where a file has a column of that name.
pub(super) fn schema(columns: &SchemaRef) -> Option<SchemaRef> {
    columns.add_metadata_column(NAME, MetadataColumnSpec::RowIndex).ok().map(Arc::new)
}

/// Takes the positions from what was read.
pub(super) fn split(rows: Box<dyn EngineData>) -> Result<(Box<dyn EngineData>, Int64Array), ReadError> {
    let read: KernelResult<_> = rows.try_into_record_batch();
    let mut batch = read?;
    let position = batch.schema_ref().index_of(NAME)?;
    let positions = batch.remove_column(position);
    let positions = positions.as_primitive_opt::<Int64Type>().ok_or("positions are no whole numbers")?;
    Ok((Box::new(ArrowEngineData::new(batch)), positions.clone()))
}
