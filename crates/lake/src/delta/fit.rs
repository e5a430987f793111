//! Whether a table takes rows of some columns.

use arrow::datatypes::Schema;
use delta_kernel::Snapshot;
use delta_kernel::table_features::{ColumnMappingMode, Operation};

use super::site::told;
use super::version::columns;

/// Refuses, with the reason, what would be other rows than were given, or none that others can read.
pub(super) fn check(snapshot: &Snapshot, rows: &Schema) -> Result<(), String> {
    let configuration = snapshot.table_configuration();
    if configuration.column_mapping_mode() != ColumnMappingMode::None {
        let reason = "it uses columnMapping: its files have other names for columns, which cannot be written";
        return Err(reason.to_owned());
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
