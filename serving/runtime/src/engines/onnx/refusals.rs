//! What a caller is told of columns and values that do not fit a model's inputs.

use arrow::array::RecordBatch;

use super::numbers::Misfit;
use super::ports::Port;
use crate::engines::EngineError;

pub(super) fn invalid(reason: String) -> EngineError {
    EngineError::Invalid(reason)
}

pub(super) fn misfit_cell(
    table: &RecordBatch,
    index: usize,
    each: usize,
    misfit: &Misfit,
    port: &Port,
) -> EngineError {
    misfit_value(table, index, misfit.index / each.max(1), &misfit.value, port)
}

pub(super) fn misfit_value(
    table: &RecordBatch,
    index: usize,
    row: usize,
    value: &str,
    port: &Port,
) -> EngineError {
    let schema = table.schema_ref();
    let (column, expected) = (schema.field(index).name(), port.dtype.name());
    invalid(format!(
        "column '{column}', row {row}: {value} does not fit input '{}', which takes {expected}",
        port.name
    ))
}

pub(super) fn misfit_column(table: &RecordBatch, index: usize, port: &Port) -> EngineError {
    let field = table.schema_ref().field(index);
    let (column, found) = (field.name(), field.data_type());
    invalid(format!(
        "column '{column}' of type {found} does not fit input '{}', which takes {port}",
        port.name
    ))
}

pub(super) fn uneven(table: &RecordBatch, index: usize, port: &Port) -> EngineError {
    let column = table.schema_ref().field(index).name();
    let name = &port.name;
    invalid(format!(
        "column '{column}' needs a list of numbers in each row, all of one length, for input '{name}' ({port})"
    ))
}

/// Names in a sentence, the first of many.
pub(super) fn listed(names: &[&str]) -> String {
    const MAX_NAMES: usize = 10;
    let mut words: Vec<String> = names.iter().take(MAX_NAMES).map(|name| format!("'{name}'")).collect();
    if names.len() > MAX_NAMES {
        words.push(format!("{} more", names.len() - MAX_NAMES));
    }
    words.join(", ")
}
