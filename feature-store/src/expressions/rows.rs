//! Evaluates an expression over a batch so that each row has the value that it would have alone.
//!
//! The engine may compute a branch for rows that do not take it, as the right side of `AND` where only some left sides
//! hold. So if a batch fails, its halves are tried, down to single rows: what fails alone is the row to name.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::DataType;
use datafusion_common::DataFusionError;
use datafusion_physical_expr::PhysicalExpr;

/// What no cast may do: turn a value that does not fit into null.
const EXACT: CastOptions<'_> =
    CastOptions { safe: false, format_options: arrow::util::display::FormatOptions::new() };

/// The values of all rows, as `kind`; or the first row that fails, and why.
pub(super) fn evaluate_rows(
    expression: &dyn PhysicalExpr,
    batch: &RecordBatch,
    kind: &DataType,
) -> Result<ArrayRef, (usize, DataFusionError)> {
    let error = match evaluate(expression, batch, kind) {
        Ok(values) => return Ok(values),
        Err(error) => error,
    };
    let n_rows = batch.num_rows();
    if n_rows <= 1 {
        return Err((0, error));
    }
    let half = n_rows / 2;
    let first = evaluate_rows(expression, &batch.slice(0, half), kind)?;
    let second = evaluate_rows(expression, &batch.slice(half, n_rows - half), kind)
        .map_err(|(row, error)| (row + half, error))?;
    concat(&[&first, &second]).map_err(|error| (0, error.into()))
}

fn evaluate(
    expression: &dyn PhysicalExpr,
    batch: &RecordBatch,
    kind: &DataType,
) -> Result<ArrayRef, DataFusionError> {
    let values = expression.evaluate(batch)?.into_array(batch.num_rows())?;
    Ok(cast_with_options(&values, kind, &EXACT)?)
}
