//! Brings a table into the shape of a signature: its columns, in its order, with its types.

mod arrays;
mod tensors;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::Schema;

use super::batch::Batch;
use super::misfit::{self, Misfit};
use super::signature::{Column, Inputs, TensorField};

/// Which values may change their type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Casts {
    /// Any that stay what they are: for JSON and CSV, which do not tell the caller's types.
    Lossless,
    /// Only those of a narrower type: for Parquet and Arrow, which do.
    Strict,
}

/// The table as a batch for these inputs. Columns that fit are shared, not copied; others than the signature's are left
/// out; optional ones that are missing become null.
///
/// # Errors
/// Names every column that does not fit, each with the first row that does not.
pub fn conform(table: &RecordBatch, inputs: &Inputs, casts: Casts) -> Result<Batch, Misfit> {
    match inputs {
        Inputs::Untold => Ok(Batch::Columns(table.clone())),
        Inputs::Columns(columns) => conform_columns(table, columns, casts).map(Batch::Columns),
        Inputs::Tensors(fields) => tensors::conform(table, fields, casts).map(Batch::Tensors),
    }
}

/// Whether tables of this schema can fit, before there is a row.
///
/// # Errors
/// Names every column that is missing or of a type that needs more than a widening.
pub fn check_schema(schema: &Schema, inputs: &Inputs) -> Result<(), Misfit> {
    let empty = RecordBatch::new_empty(Arc::new(schema.clone()));
    match inputs {
        // An input without a name takes all columns, which an empty table has no values of.
        Inputs::Tensors(fields) => tensors::check(&empty, fields),
        inputs => conform(&empty, inputs, Casts::Strict).map(drop),
    }
}

fn conform_columns(table: &RecordBatch, columns: &[Column], casts: Casts) -> Result<RecordBatch, Misfit> {
    let mut problems = Vec::new();
    let sources = sources(table, columns, &mut problems);
    let mut arrays = Vec::with_capacity(columns.len());
    for (position, (column, source)) in columns.iter().zip(sources).enumerate() {
        let Some(array) = source else {
            arrays.push(new_null_array(&column.column_type.arrow(), table.num_rows()));
            continue;
        };
        match arrays::conform(array, &column.column_type, column.required, casts) {
            Ok(array) => arrays.push(array),
            Err(unfit) => problems.push(unfit.to_problem(&label(column, position))),
        }
    }
    Misfit::none(problems)?;
    let schema = Schema::new(columns.iter().map(Column::arrow).collect::<Vec<_>>());
    let options = RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(schema), arrays, &options)
        .map_err(|error| Misfit::of(error.to_string()))
}

fn label(column: &Column, position: usize) -> String {
    match &column.name {
        Some(name) => format!("column '{name}'"),
        None => format!("column {position}"),
    }
}

/// The table's column for each of the signature's; tells of required ones that are missing.
fn sources<'t>(
    table: &'t RecordBatch,
    columns: &[Column],
    problems: &mut Vec<String>,
) -> Vec<Option<&'t ArrayRef>> {
    if columns.iter().all(|column| column.name.is_none()) {
        let n_required = columns.iter().filter(|column| column.required).count();
        if table.num_columns() < n_required {
            let n_columns = table.num_columns();
            problems.push(format!(
                "Model inference is missing inputs: it takes {n_required} columns, {n_columns} came"
            ));
        }
        return (0..columns.len()).map(|position| table.columns().get(position)).collect();
    }
    let by_name = ByName::new(table);
    let (mut sources, mut missing) = (Vec::with_capacity(columns.len()), Vec::new());
    for column in columns {
        let name = column.name.as_deref().unwrap_or_default();
        let source = by_name.find(name);
        if column.required && source == Ok(None) {
            missing.push(name);
        }
        sources.push(source.unwrap_or_else(|problem| {
            problems.push(problem);
            None
        }));
    }
    if !missing.is_empty() {
        let is_extra = |name: &&str| !columns.iter().any(|column| column.name.as_deref() == Some(*name));
        // There may be very many columns; an error needs a few of them.
        let names = table.schema_ref().fields().iter().map(|field| field.name().as_str()).take(1000);
        let extra: Vec<&str> = names.filter(is_extra).take(misfit::MAX_EXTRA + 1).collect();
        problems.push(misfit::missing(&missing, &extra));
    }
    sources
}

/// The columns of a table by their names.
struct ByName<'t>(HashMap<&'t str, Named<'t>>);

enum Named<'t> {
    Once(&'t ArrayRef),
    /// Nobody can tell which of them is meant.
    Twice,
}

impl<'t> ByName<'t> {
    fn new(table: &'t RecordBatch) -> Self {
        let mut by_name = HashMap::with_capacity(table.num_columns());
        for (field, array) in table.schema_ref().fields().iter().zip(table.columns()) {
            let again = by_name.insert(field.name().as_str(), Named::Once(array));
            if again.is_some() {
                by_name.insert(field.name(), Named::Twice);
            }
        }
        ByName(by_name)
    }

    /// The column of this name. None when there is none, and a problem when there are several.
    fn find(&self, name: &str) -> Result<Option<&'t ArrayRef>, String> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Named::Once(array)) => Ok(Some(array)),
            Some(Named::Twice) => Err(format!("column '{name}': it comes twice")),
        }
    }
}

/// How errors call a tensor.
fn input_label(field: &TensorField) -> String {
    match &field.name {
        Some(name) => format!("input '{name}'"),
        None => "the input".to_owned(),
    }
}

#[cfg(test)]
mod tests;
