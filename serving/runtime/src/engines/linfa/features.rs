//! A batch as rows of doubles, one behind the other, none of them missing.

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use forebay_linfa_flavor::{Model, Parameters};

use super::EngineError;
use crate::model::batch::Batch;
use crate::model::tensor::{Elements, Tensor};

/// The features of all rows, in the order of training.
///
/// # Errors
/// [`EngineError::Invalid`] names column and row of what the model cannot take.
pub(super) fn rows(model: &Model, batch: &Batch) -> Result<Vec<f64>, EngineError> {
    let n_features = model.n_features();
    match batch {
        Batch::Columns(columns) => {
            if columns.num_columns() != n_features {
                let n_columns = columns.num_columns();
                return Err(EngineError::Invalid(format!(
                    "the model takes {n_features} columns, {n_columns} came"
                )));
            }
            of_columns(model, columns)
        }
        Batch::Tensors(tensors) => match &tensors[..] {
            [(_, tensor)] if matches!(tensor.shape(), [_, length] if *length == n_features) => {
                of_tensor(model, tensor)
            }
            _ => {
                let came: Vec<_> = tensors.iter().map(|(name, tensor)| format!("{name} {tensor}")).collect();
                let came = came.join(", ");
                let wanted = format!("the model takes one tensor of numbers of the shape [-1, {n_features}]");
                Err(EngineError::Invalid(format!("{wanted}, {came} came")))
            }
        },
    }
}

fn of_columns(model: &Model, columns: &RecordBatch) -> Result<Vec<f64>, EngineError> {
    let (n_rows, n_features) = (columns.num_rows(), columns.num_columns());
    let mut rows = vec![0.0; n_rows * n_features];
    for (position, column) in columns.columns().iter().enumerate() {
        let name = columns.schema_ref().field(position).name();
        let doubles = doubles(name, column)?;
        let doubles = doubles.as_primitive::<Float64Type>();
        for (row, number) in doubles.iter().enumerate() {
            let Some(number) = number else { return Err(missing(name, row)) };
            check(model, name, row, number)?;
            rows[row * n_features + position] = number;
        }
    }
    Ok(rows)
}

fn doubles(name: &str, column: &ArrayRef) -> Result<ArrayRef, EngineError> {
    let came = column.data_type();
    if !came.is_numeric() && *came != DataType::Boolean {
        return Err(EngineError::Invalid(format!(
            "column '{name}': {came} came, where numbers are expected"
        )));
    }
    cast(column, &DataType::Float64).map_err(|error| {
        EngineError::Invalid(format!("column '{name}': {error}, where doubles are expected"))
    })
}

fn of_tensor(model: &Model, tensor: &Tensor) -> Result<Vec<f64>, EngineError> {
    let Some(rows) = numbers(tensor.elements()) else {
        return Err(EngineError::Invalid(format!("{tensor} came, where numbers are expected")));
    };
    for (position, number) in rows.iter().enumerate() {
        let (row, column) = (position / model.n_features(), position % model.n_features());
        check(model, &column.to_string(), row, *number)?;
    }
    Ok(rows)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "models learn from doubles, so whole numbers become doubles too"
)]
fn numbers(elements: &Elements) -> Option<Vec<f64>> {
    Some(match elements {
        Elements::Bool(all) => all.iter().map(|value| f64::from(u8::from(*value))).collect(),
        Elements::Uint8(all) => all.iter().map(|value| f64::from(*value)).collect(),
        Elements::Uint16(all) => all.iter().map(|value| f64::from(*value)).collect(),
        Elements::Uint32(all) => all.iter().map(|value| f64::from(*value)).collect(),
        Elements::Uint64(all) => all.iter().map(|value| *value as f64).collect(),
        Elements::Int8(all) => all.iter().map(|value| f64::from(*value)).collect(),
        Elements::Int16(all) => all.iter().map(|value| f64::from(*value)).collect(),
        Elements::Int32(all) => all.iter().map(|value| f64::from(*value)).collect(),
        Elements::Int64(all) => all.iter().map(|value| *value as f64).collect(),
        Elements::Fp16(all) => all.iter().map(|value| f64::from(*value)).collect(),
        Elements::Bf16(all) => all.iter().map(|value| f64::from(*value)).collect(),
        Elements::Fp32(all) => all.iter().map(|value| f64::from(*value)).collect(),
        Elements::Fp64(all) => all.clone(),
        Elements::Bytes(_) => return None,
    })
}

/// NaN has no place in any of the models, infinities only on the sides of a tree's splits.
fn check(model: &Model, column: &str, row: usize, number: f64) -> Result<(), EngineError> {
    if number.is_nan() {
        return Err(missing(column, row));
    }
    let takes_infinities = matches!(model.parameters(), Parameters::DecisionTree { .. });
    if number.is_infinite() && !takes_infinities {
        let text = format!("column '{column}', row {row}: {number}, where a finite number is expected");
        return Err(EngineError::Invalid(text));
    }
    Ok(())
}

fn missing(column: &str, row: usize) -> EngineError {
    let text = format!("column '{column}', row {row}: null or NaN, where the model needs a number");
    EngineError::Invalid(text)
}
