//! What an engine scores at once.

use arrow::array::{Array as _, ArrayRef, RecordBatch};
use arrow::compute::concat_batches;

use super::tensor::Tensor;

/// Rows to score, of one request or of several.
#[derive(Debug, Clone, PartialEq)]
pub enum Batch {
    /// A table: all columns of the model's signature in its order and types, or whatever came to a model without one.
    Columns(RecordBatch),
    /// Tensors with as many rows each, by name; the name is empty where a model takes one that has none.
    Tensors(Vec<(String, Tensor)>),
}

impl Batch {
    /// Rows that it holds; a scalar is one.
    pub fn n_rows(&self) -> usize {
        match self {
            Batch::Columns(columns) => columns.num_rows(),
            Batch::Tensors(tensors) => tensors.first().map_or(0, |(_, tensor)| tensor.n_rows()),
        }
    }

    /// The rows from `start`, `n_rows` of them; the caller knows that there are as many.
    pub fn slice(&self, start: usize, n_rows: usize) -> Batch {
        match self {
            Batch::Columns(columns) => Batch::Columns(columns.slice(start, n_rows)),
            Batch::Tensors(tensors) => {
                let sliced = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.slice(start, n_rows)));
                Batch::Tensors(sliced.collect())
            }
        }
    }

    /// About how many bytes it takes.
    pub fn size_bytes(&self) -> usize {
        match self {
            Batch::Columns(columns) => table_bytes(columns),
            Batch::Tensors(tensors) => tensors.iter().map(|(_, tensor)| tensor.elements().size_bytes()).sum(),
        }
    }

    /// Whether the rows of another batch can be scored behind its own.
    pub fn is_like(&self, other: &Batch) -> bool {
        match (self, other) {
            (Batch::Columns(own), Batch::Columns(other)) => own.schema_ref() == other.schema_ref(),
            (Batch::Tensors(own), Batch::Tensors(other)) => {
                own.len() == other.len()
                    && own.iter().zip(other).all(|((name, own), (other_name, other))| {
                        name == other_name
                            && own.dtype() == other.dtype()
                            && !own.shape().is_empty()
                            && own.shape().len() == other.shape().len()
                            && own.shape()[1..] == other.shape()[1..]
                    })
            }
            _ => false,
        }
    }

    /// The rows of several batches that are alike, one behind the other; none for no batch, or when they differ after all.
    pub fn join(mut batches: Vec<Batch>) -> Option<Batch> {
        if batches.len() == 1 {
            return batches.pop();
        }
        let mut batches = batches.into_iter();
        match batches.next()? {
            Batch::Columns(first) => {
                let mut all = vec![first];
                for batch in batches {
                    let Batch::Columns(columns) = batch else { return None };
                    all.push(columns);
                }
                concat_batches(all[0].schema_ref(), &all).ok().map(Batch::Columns)
            }
            Batch::Tensors(mut all) => {
                for batch in batches {
                    let Batch::Tensors(tensors) = batch else { return None };
                    for ((_, all), (_, more)) in all.iter_mut().zip(tensors) {
                        all.append(more).ok()?;
                    }
                }
                Some(Batch::Tensors(all))
            }
        }
    }
}

/// Bytes that the columns of a table use, of buffers that they may share with others.
pub(crate) fn table_bytes(table: &RecordBatch) -> usize {
    let own = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(usize::MAX);
    table.columns().iter().map(own).fold(0, usize::saturating_add)
}
