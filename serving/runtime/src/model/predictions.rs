//! What an engine answers.

use arrow::array::RecordBatch;
use serde_json::Value;

use super::tensor::Tensor;

/// What a model made of a batch. All but the last have a row for each row of the batch, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Predictions {
    /// A table, as a pandas frame.
    Frame(RecordBatch),
    /// Several columns with names, of which one holds what no array can, as a dict of lists.
    Columns(RecordBatch),
    /// One array without a name, as a numpy array or a pandas series.
    Array(Tensor),
    /// Several arrays with names, as a dict of numpy arrays.
    Arrays(Vec<(String, Tensor)>),
    /// Whatever else Python gives. It has no rows that could be told apart.
    Json(Value),
}

impl Predictions {
    /// Rows that it holds; none where there are no rows to tell apart.
    pub fn n_rows(&self) -> Option<usize> {
        match self {
            Predictions::Frame(table) | Predictions::Columns(table) => Some(table.num_rows()),
            Predictions::Array(array) => array.shape().first().copied(),
            Predictions::Arrays(arrays) => {
                let mut rows = arrays.iter().map(|(_, array)| array.shape().first().copied());
                let first = rows.next()??;
                rows.all(|n_rows| n_rows == Some(first)).then_some(first)
            }
            Predictions::Json(_) => None,
        }
    }

    /// The rows from `start`, `n_rows` of them; the caller knows that there are as many.
    pub fn slice(&self, start: usize, n_rows: usize) -> Predictions {
        match self {
            Predictions::Frame(frame) => Predictions::Frame(frame.slice(start, n_rows)),
            Predictions::Columns(columns) => Predictions::Columns(columns.slice(start, n_rows)),
            Predictions::Array(array) => Predictions::Array(array.slice(start, n_rows)),
            Predictions::Arrays(arrays) => {
                let sliced = arrays.iter().map(|(name, array)| (name.clone(), array.slice(start, n_rows)));
                Predictions::Arrays(sliced.collect())
            }
            Predictions::Json(value) => Predictions::Json(value.clone()),
        }
    }
}
