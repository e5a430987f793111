//! The columns as files have them. A table may map its columns: then files know them by names that never change, and by
//! numbers, whatever the table calls them now.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, ListArray, MapArray, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use delta_kernel::Snapshot;
use delta_kernel::engine::arrow_conversion::TryIntoArrow as _;
use delta_kernel::table_features::{ColumnMappingMode, TableFeature};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

/// How files are written for a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InFiles {
    /// The columns, those that the table is divided by among them.
    pub(super) schema: SchemaRef,
    /// Those by which the table is divided.
    pub(super) partitions: Vec<String>,
    /// Whether files have these, too, although the log tells their values.
    pub(super) keeps_partitions: bool,
    /// Whether folders are named after partitions.
    pub(super) names_folders: bool,
}

impl InFiles {
    /// For a table that is not there yet.
    pub(super) fn of_new(rows: &SchemaRef) -> Self {
        let schema = Arc::clone(rows);
        InFiles { schema, partitions: Vec::new(), keeps_partitions: false, names_folders: true }
    }

    /// For rows of a table, which has their columns.
    pub(super) fn of(snapshot: &Snapshot, rows: &SchemaRef) -> Result<Self, ArrowError> {
        let configuration = snapshot.table_configuration();
        let is_mapped = configuration.column_mapping_mode() != ColumnMappingMode::None;
        let (logical, physical) = (configuration.logical_schema(), configuration.physical_schema());
        let physical: Schema = physical.as_ref().try_into_arrow()?;
        // Both have the same columns in the same order.
        let stored = |name: &str| -> Option<&FieldRef> {
            let position = logical.fields().position(|field| field.name() == name)?;
            physical.fields().get(position)
        };
        let renamed = |field: &FieldRef| match stored(field.name()).filter(|_| is_mapped) {
            Some(stored) => Arc::new(numbered(stored).with_nullable(field.is_nullable())),
            None => Arc::clone(field),
        };
        let schema = Arc::new(Schema::new(rows.fields().iter().map(renamed).collect::<Vec<_>>()));
        let by = configuration.logical_partition_columns().iter();
        let partitions =
            by.map(|name| stored(name).map_or_else(|| name.clone(), |field| field.name().clone()));
        let random = snapshot.table_properties().should_randomize_file_prefixes();
        Ok(InFiles {
            schema,
            partitions: partitions.collect(),
            keeps_partitions: configuration.is_feature_enabled(&TableFeature::MaterializePartitionColumns),
            names_folders: !is_mapped && !random,
        })
    }

    /// The rows under those names; all else about their columns is as it has to be.
    pub(super) fn rename(&self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        shaped(rows, &self.schema)
    }

    /// Whether a file has no columns but these: one that was written by an earlier try of a job may know others.
    pub(super) fn check(&self, file: &Schema) -> Result<(), String> {
        let is_same = |found: &FieldRef| {
            let number = |field: &Field| field.metadata().get(PARQUET_FIELD_ID_META_KEY).cloned();
            let expected = self.schema.field_with_name(found.name());
            expected.is_ok_and(|expected| number(expected).is_none_or(|it| number(found) == Some(it)))
        };
        match file.fields().iter().find(|found| !is_same(found)) {
            None => Ok(()),
            Some(other) => {
                Err(format!("its column '{}' is none that files of the table have now", other.name()))
            }
        }
    }
}

/// A column with its name and its number, and nothing else that is noted.
fn numbered(field: &FieldRef) -> Field {
    let number = field.metadata().get(PARQUET_FIELD_ID_META_KEY);
    let notes = number.map(|number| (PARQUET_FIELD_ID_META_KEY.to_owned(), number.clone()));
    let nested = |field: &FieldRef| Arc::new(numbered(field));
    let kind = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(nested).collect()),
        DataType::List(item) => DataType::List(nested(item)),
        DataType::Map(entries, is_sorted) => DataType::Map(nested(entries), *is_sorted),
        other => other.clone(),
    };
    Field::new(field.name(), kind, field.is_nullable())
        .with_metadata(notes.into_iter().collect::<HashMap<_, _>>())
}

/// Rows with the names of a schema that is theirs in all else.
pub(super) fn shaped(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = rows.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| renamed(column, field.data_type()));
    RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<Vec<_>, _>>()?)
}

/// The same values, whose parts have other names.
fn renamed(column: &ArrayRef, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    Ok(match (column.data_type(), kind) {
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let (_, parts, nulls) = column.as_struct().clone().into_parts();
            let parts = parts.iter().zip(fields).map(|(part, field)| renamed(part, field.data_type()));
            Arc::new(StructArray::try_new(fields.clone(), parts.collect::<Result<_, _>>()?, nulls)?)
        }
        (DataType::List(_), DataType::List(item)) => {
            let (_, offsets, values, nulls) = column.as_list::<i32>().clone().into_parts();
            let values = renamed(&values, item.data_type())?;
            Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, nulls)?)
        }
        (DataType::Map(..), DataType::Map(field, is_sorted)) => {
            let (_, offsets, entries, nulls, _) = column.as_map().clone().into_parts();
            let entries = renamed(&(Arc::new(entries) as ArrayRef), field.data_type())?;
            let entries = entries.as_struct().clone();
            Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, nulls, *is_sorted)?)
        }
        _ => Arc::clone(column),
    })
}
