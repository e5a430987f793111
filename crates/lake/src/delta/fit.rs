//! Whether a table takes rows of some columns.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use delta_kernel::Snapshot;
use delta_kernel::table_features::{Operation, TableFeature};

use super::site::told;
use super::version::columns;

/// The columns of rows, without nulls where the table takes none: whether there are any is seen when the rows come.
pub(super) fn without_nulls(snapshot: &Snapshot, rows: &Schema) -> SchemaRef {
    let table = columns(snapshot).ok();
    let takes_nulls = |name: &str| {
        let column = table.as_ref().and_then(|table| table.field_with_name(name).ok());
        column.is_none_or(Field::is_nullable)
    };
    let fields = rows.fields().iter().map(|field| {
        let is_nullable = field.is_nullable() && takes_nulls(field.name());
        field.as_ref().clone().with_nullable(is_nullable)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Refuses, with the reason, what would be other rows than were given, or none that others can read.
pub(super) fn check(snapshot: &Snapshot, rows: &Schema) -> Result<(), String> {
    let configuration = snapshot.table_configuration();
    let for_iceberg =
        [TableFeature::IcebergCompatV1, TableFeature::IcebergCompatV2, TableFeature::IcebergCompatV3];
    if let Some(feature) = for_iceberg.iter().find(|feature| configuration.is_feature_enabled(feature)) {
        return Err(format!(
            "it uses {feature}: its files have to be as Iceberg has them, and are not written so"
        ));
    }
    configuration.ensure_operation_supported(Operation::Write).map_err(|error| told(&error))?;
    let partitions = configuration.logical_partition_columns();
    if let Some(name) = partitions.iter().find(|name| rows.field_with_name(name).is_err()) {
        return Err(format!("it is divided by its column '{name}', which is missing"));
    }
    if rows.fields().len() == partitions.len() {
        return Err("it is divided by all columns that there are, and files need another".to_owned());
    }
    let table = columns(snapshot).map_err(|error| error.to_string())?;
    for field in rows.fields() {
        let name = field.name();
        let column = table.field_with_name(name).map_err(|_| format!("it has no column '{name}'"))?;
        if column.data_type() != field.data_type() {
            return Err(format!(
                "its column '{name}' is {}, and not {}",
                column.data_type(),
                field.data_type()
            ));
        }
        if field.is_nullable() && !column.is_nullable() {
            return Err(format!("its column '{name}' takes no nulls, and there may be some"));
        }
    }
    let is_left_out = |name: &str| rows.field_with_name(name).is_err();
    match table.fields().iter().find(|field| !field.is_nullable() && is_left_out(field.name())) {
        Some(field) => Err(format!("its column '{}' takes no nulls, and is missing", field.name())),
        None => Ok(()),
    }
}
