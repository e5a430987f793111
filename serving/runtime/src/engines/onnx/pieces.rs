//! Some rows of what an input is fed with, as the tensor that the library takes: written while they are in the cache, or not
//! copied at all where the type is right.

use std::fmt::Debug;

use arrow::array::RecordBatch;
use half::{bf16, f16};
use ort::session::SessionInputValue;
use ort::value::{PrimitiveTensorElementType, Tensor as OrtTensor, TensorRef};

use super::inputs::{Content, Feed};
use super::numbers::{Numbers, Places, Target, fill};
use super::ports::Port;
use super::refusals::{invalid, misfit_cell};
use crate::engines::EngineError;
use crate::model::dtype::DType;
use crate::model::tensor::Elements;

/// Rows of a column that are written before the next column's: few enough that their places stay in the cache.
const BLOCK_ROWS: usize = 128;

/// Most values of a piece that was filled up to a model's fixed number of rows.
const MAX_PADDED_VALUES: usize = 1 << 26;

/// Rows of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) n_rows: usize,
    /// With as many more as the model needs; they are like the last.
    pub(super) n_padded: usize,
}

/// Runs the same expression with the Rust type of a port's elements bound to `$kind`.
macro_rules! for_target {
    ($dtype:expr, $kind:ident => $body:expr, _ => $other:expr) => {
        match $dtype {
            DType::Bool => {
                type $kind = bool;
                $body
            }
            DType::Uint8 => {
                type $kind = u8;
                $body
            }
            DType::Uint16 => {
                type $kind = u16;
                $body
            }
            DType::Uint32 => {
                type $kind = u32;
                $body
            }
            DType::Uint64 => {
                type $kind = u64;
                $body
            }
            DType::Int8 => {
                type $kind = i8;
                $body
            }
            DType::Int16 => {
                type $kind = i16;
                $body
            }
            DType::Int32 => {
                type $kind = i32;
                $body
            }
            DType::Int64 => {
                type $kind = i64;
                $body
            }
            DType::Fp16 => {
                type $kind = f16;
                $body
            }
            DType::Bf16 => {
                type $kind = bf16;
                $body
            }
            DType::Fp32 => {
                type $kind = f32;
                $body
            }
            DType::Fp64 => {
                type $kind = f64;
                $body
            }
            DType::Bytes => $other,
        }
    };
}

/// Runs the same expression on the vector of any numbers.
macro_rules! for_numbers {
    ($elements:expr, $values:ident => $body:expr, _ => $other:expr) => {
        match $elements {
            Elements::Bool($values) => $body,
            Elements::Uint8($values) => $body,
            Elements::Uint16($values) => $body,
            Elements::Uint32($values) => $body,
            Elements::Uint64($values) => $body,
            Elements::Int8($values) => $body,
            Elements::Int16($values) => $body,
            Elements::Int32($values) => $body,
            Elements::Int64($values) => $body,
            Elements::Fp16($values) => $body,
            Elements::Bf16($values) => $body,
            Elements::Fp32($values) => $body,
            Elements::Fp64($values) => $body,
            Elements::Bytes(_) => $other,
        }
    };
}

impl Feed<'_> {
    /// Some of its rows; all of it for no piece.
    pub(super) fn value(&self, piece: Option<Piece>) -> Result<SessionInputValue<'_>, EngineError> {
        let (n_rows, row_shape) = match self.shape.split_first() {
            Some((n_rows, row_shape)) => (*n_rows, row_shape),
            None => (1, [].as_slice()),
        };
        let piece = piece.unwrap_or(Piece { start: 0, n_rows, n_padded: n_rows });
        let width = row_shape.iter().try_fold(1_usize, |width, length| width.checked_mul(*length));
        let n_values = width.and_then(|width| width.checked_mul(piece.n_padded));
        let max_values = if piece.n_padded > piece.n_rows { MAX_PADDED_VALUES } else { usize::MAX };
        let Some(width) = width.filter(|_| n_values.is_some_and(|n_values| n_values <= max_values)) else {
            return Err(invalid(format!(
                "input '{}' ({}) of {:?} is too large",
                self.port.name, self.port, self.shape
            )));
        };
        let mut shape = self.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = piece.n_padded;
        }
        let part = Part { port: self.port, piece, width, shape };
        match &self.content {
            Content::Table { table, columns, each } => for_target!(self.port.dtype,
                T => part.of_table::<T>(table, columns, *each),
                _ => Err(part.failed(&"texts are no numbers"))),
            Content::Tensor(elements) => part.of_elements(elements),
            Content::Texts(texts) => part.of_texts(texts),
        }
    }
}

/// A piece of what an input is fed with.
struct Part<'b> {
    port: &'b Port,
    piece: Piece,
    /// Values of each row.
    width: usize,
    shape: Vec<usize>,
}

impl Part<'_> {
    fn of_table<T>(
        self,
        table: &RecordBatch,
        columns: &[(usize, Numbers)],
        each: usize,
    ) -> Result<SessionInputValue<'static>, EngineError>
    where
        T: Target + PrimitiveTensorElementType + Debug + 'static,
    {
        let Piece { start, n_rows, n_padded } = self.piece;
        let mut values = vec![T::default(); n_padded * self.width];
        for block in (0..n_rows).step_by(BLOCK_ROWS) {
            let block_end = n_rows.min(block + BLOCK_ROWS);
            let range = (start + block) * each..(start + block_end) * each;
            for (first, (index, numbers)) in columns.iter().enumerate() {
                let places = Places { first, stride: columns.len() };
                let into = &mut values[block * self.width..];
                numbers
                    .fill(range.clone(), into, places)
                    .map_err(|misfit| misfit_cell(table, *index, each, &misfit, self.port))?;
            }
        }
        self.owned(values)
    }

    fn of_elements(self, elements: &Elements) -> Result<SessionInputValue<'_>, EngineError> {
        let is_alike = elements.dtype() == self.port.dtype;
        for_numbers!(elements, values => if is_alike {
            self.view(values)
        } else {
            for_target!(self.port.dtype, T => {
                let Piece { start, n_rows, n_padded } = self.piece;
                let mut converted = vec![T::default(); n_padded * self.width];
                let from = values[start * self.width..(start + n_rows) * self.width].iter().copied();
                fill(from, converted.iter_mut())
                    .map_err(|(index, value)| self.misfit_element(index, &format!("{value:?}")))?;
                self.owned(converted)
            }, _ => Err(self.failed(&"texts are no numbers")))
        }, _ => Err(self.failed(&"texts are no numbers")))
    }

    fn of_texts(self, texts: &[String]) -> Result<SessionInputValue<'static>, EngineError> {
        let mut values = self.slice(texts).to_vec();
        self.pad(&mut values);
        let values = values.as_slice();
        let tensor = OrtTensor::from_string_array((self.shape.clone(), values));
        Ok(tensor.map_err(|error| self.failed(&error))?.into())
    }

    /// Without a copy, unless rows must be added.
    fn view<T>(self, values: &[T]) -> Result<SessionInputValue<'_>, EngineError>
    where
        T: PrimitiveTensorElementType + Clone + Default + Debug + 'static,
    {
        let values = self.slice(values);
        if self.piece.n_padded > self.piece.n_rows {
            return self.owned(values.to_vec());
        }
        let tensor = TensorRef::from_array_view((self.shape.clone(), values));
        Ok(tensor.map_err(|error| self.failed(&error))?.into())
    }

    fn owned<T>(self, mut values: Vec<T>) -> Result<SessionInputValue<'static>, EngineError>
    where
        T: PrimitiveTensorElementType + Clone + Default + Debug + 'static,
    {
        self.pad(&mut values);
        let tensor = OrtTensor::from_array((self.shape.clone(), values));
        Ok(tensor.map_err(|error| self.failed(&error))?.into())
    }

    fn slice<'e, T>(&self, values: &'e [T]) -> &'e [T] {
        let Piece { start, n_rows, .. } = self.piece;
        &values[start * self.width..(start + n_rows) * self.width]
    }

    /// Fills up with the last row, which changes neither the smallest nor the largest value of a batch.
    fn pad<T: Clone + Default>(&self, values: &mut Vec<T>) {
        values.truncate(self.piece.n_rows * self.width);
        for _ in self.piece.n_rows..self.piece.n_padded {
            match values.len().checked_sub(self.width) {
                Some(last) => values.extend_from_within(last..),
                None => values.resize(self.width, T::default()),
            }
        }
    }

    fn misfit_element(&self, index: usize, value: &str) -> EngineError {
        let index = self.piece.start * self.width + index;
        let Port { name, dtype, .. } = self.port;
        invalid(format!(
            "input '{name}' takes {}, which {value} (element {index}) does not fit",
            dtype.name()
        ))
    }

    fn failed(&self, reason: &dyn std::fmt::Display) -> EngineError {
        EngineError::Failed(format!("input '{}' ({}): {reason}", self.port.name, self.port))
    }
}
