//! Columns without what Delta notes beside them: ids of fields and the like are no part of a type.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, RecordBatch, StringArray};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::{cast, nullif};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

/// The same columns without notes.
pub(super) fn schema(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// The rows with lists and structs as a schema has them, whose parts files may call otherwise.
pub(super) fn shaped(batch: &RecordBatch, schema: &Schema) -> Result<RecordBatch, ArrowError> {
    let shaped = |(column, field): (&ArrayRef, &FieldRef)| match schema.field_with_name(field.name()) {
        Ok(wanted) if wanted.data_type().is_nested() => cast(column, wanted.data_type()),
        _ => Ok(Arc::clone(column)),
    };
    let columns = batch.columns().iter().zip(batch.schema_ref().fields());
    let columns = columns.map(shaped).collect::<Result<Vec<_>, _>>()?;
    let names = batch.schema_ref().fields().iter().map(|field| field.name());
    RecordBatch::try_from_iter_with_nullable(names.zip(columns).map(|(name, column)| (name, column, true)))
}

/// The rows with nulls where the log has an empty text for the value of a partition, as the protocol says.
pub(super) fn without_empty(batch: &RecordBatch, partitions: &[String]) -> Result<RecordBatch, ArrowError> {
    let mut columns = batch.columns().to_vec();
    for name in partitions {
        let Ok(position) = batch.schema_ref().index_of(name) else { continue };
        let column = &columns[position];
        let is_empty = match column.data_type() {
            DataType::Utf8 => eq(column, &StringArray::new_scalar(""))?,
            DataType::Binary => eq(column, &BinaryArray::new_scalar(b""))?,
            _ => continue,
        };
        columns[position] = nullif(column, &is_empty)?;
    }
    RecordBatch::try_new(batch.schema(), columns)
}

fn field(field: &FieldRef) -> FieldRef {
    Arc::new(Field::new(field.name(), data_type(field.data_type()), field.is_nullable()))
}

fn data_type(kind: &DataType) -> DataType {
    match kind {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        DataType::List(item) => DataType::List(field(item)),
        DataType::LargeList(item) => DataType::LargeList(field(item)),
        DataType::Map(entries, is_sorted) => DataType::Map(field(entries), *is_sorted),
        other => other.clone(),
    }
}
