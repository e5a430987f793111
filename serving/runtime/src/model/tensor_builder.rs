//! Builds a tensor from nested lists, whose lengths are its shape.

use super::cell::{Cell, FromCell};
use super::dtype::DType;
use super::signature::TensorField;
use super::tensor::{Elements, Tensor};
use crate::for_elements;

/// Most dimensions of a tensor; as [`Tensor`] has it.
const MAX_RANK: usize = 16;

/// Elements of a tensor, and more to come.
#[derive(Debug)]
pub(crate) struct TensorBuilder {
    elements: Elements,
    /// Of each dimension, once a list of it has ended.
    lengths: Vec<Option<usize>>,
    /// How many lists the first element was in.
    rank: Option<usize>,
    /// Where the next element goes.
    at: Vec<usize>,
}

impl TensorBuilder {
    /// No elements of this type.
    pub(crate) fn new(dtype: DType) -> Self {
        TensorBuilder { elements: empty(dtype, 0), lengths: Vec::new(), rank: None, at: Vec::new() }
    }

    /// Begins a list.
    pub(crate) fn open(&mut self) -> Result<(), String> {
        if self.at.len() == MAX_RANK {
            return Err(format!("more than {MAX_RANK} lists in one another"));
        }
        self.at.push(0);
        if self.lengths.len() < self.at.len() {
            self.lengths.push(None);
        }
        Ok(())
    }

    /// Ends a list.
    pub(crate) fn close(&mut self) -> Result<(), String> {
        let Some(length) = self.at.pop() else { return Ok(()) };
        let depth = self.at.len();
        match self.lengths[depth] {
            None => self.lengths[depth] = Some(length),
            Some(expected) if expected != length => {
                return Err(format!(
                    "element {:?} is a list of {length}, where the others have {expected}",
                    self.at
                ));
            }
            Some(_) => {}
        }
        self.step();
        Ok(())
    }

    /// Appends an element.
    pub(crate) fn append(&mut self, cell: Cell<'_>) -> Result<(), String> {
        if *self.rank.get_or_insert(self.at.len()) != self.at.len() || self.lengths.len() != self.at.len() {
            return Err(format!("element {:?} is a value, where the others are lists", self.at));
        }
        let is_taken = for_elements!(&mut self.elements, values => push(values, cell));
        if !is_taken {
            let expected = self.elements.dtype().numpy_name();
            return Err(format!("element {:?}: {cell} is not a value of type {expected}", self.at));
        }
        self.step();
        Ok(())
    }

    fn step(&mut self) {
        if let Some(position) = self.at.last_mut() {
            *position += 1;
        }
    }

    /// Elements of the outermost list so far.
    pub(crate) fn n_rows(&self) -> usize {
        self.at.first().copied().or(self.lengths.first().copied().flatten()).unwrap_or(0)
    }

    /// The tensor, without a look at what shape is expected.
    pub(crate) fn finish_any(self) -> Result<Tensor, String> {
        let shape: Vec<usize> = self.lengths.iter().map(|length| length.unwrap_or(0)).collect();
        Tensor::new(shape, self.elements).map_err(|error| error.to_string())
    }

    /// The tensor, which has the shape of the field. As in MLflow, a list without elements has one dimension.
    pub(crate) fn finish(self, field: &TensorField) -> Result<Tensor, String> {
        let tensor = self.finish_any()?;
        check_shape(tensor.shape(), field)?;
        Ok(tensor)
    }
}

/// No elements of a type, with room for so many.
pub(crate) fn empty(dtype: DType, n_elements: usize) -> Elements {
    match dtype {
        DType::Bool => Elements::Bool(Vec::with_capacity(n_elements)),
        DType::Uint8 => Elements::Uint8(Vec::with_capacity(n_elements)),
        DType::Uint16 => Elements::Uint16(Vec::with_capacity(n_elements)),
        DType::Uint32 => Elements::Uint32(Vec::with_capacity(n_elements)),
        DType::Uint64 => Elements::Uint64(Vec::with_capacity(n_elements)),
        DType::Int8 => Elements::Int8(Vec::with_capacity(n_elements)),
        DType::Int16 => Elements::Int16(Vec::with_capacity(n_elements)),
        DType::Int32 => Elements::Int32(Vec::with_capacity(n_elements)),
        DType::Int64 => Elements::Int64(Vec::with_capacity(n_elements)),
        DType::Fp16 => Elements::Fp16(Vec::with_capacity(n_elements)),
        DType::Bf16 => Elements::Bf16(Vec::with_capacity(n_elements)),
        DType::Fp32 => Elements::Fp32(Vec::with_capacity(n_elements)),
        DType::Fp64 => Elements::Fp64(Vec::with_capacity(n_elements)),
        DType::Bytes => Elements::Bytes(Vec::with_capacity(n_elements)),
    }
}

/// Whether a tensor of this shape is one of the field's.
pub(crate) fn check_shape(shape: &[usize], field: &TensorField) -> Result<(), String> {
    let fits = shape.len() == field.shape.len()
        && shape.iter().zip(&field.shape).all(|(length, expected)| expected.is_none_or(|n| n == *length));
    if fits { Ok(()) } else { Err(format!("a shape of {shape:?}, where {} is expected", shape_of(field))) }
}

/// The shape of a field as numpy prints it, with -1 for any length.
pub(crate) fn shape_of(field: &TensorField) -> String {
    let lengths: Vec<String> = field
        .shape
        .iter()
        .map(|length| length.map_or("-1".to_owned(), |length| length.to_string()))
        .collect();
    format!("[{}]", lengths.join(", "))
}

fn push<T: FromCell>(values: &mut Vec<T>, cell: Cell<'_>) -> bool {
    T::from_cell(cell).map(|value| values.push(value)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[i128]]) -> Result<Tensor, String> {
        let mut builder = TensorBuilder::new(DType::Fp32);
        builder.open()?;
        for row in rows {
            builder.open()?;
            for value in *row {
                builder.append(Cell::Int(*value))?;
            }
            builder.close()?;
        }
        builder.close()?;
        builder.finish(&field(&[None, Some(2)]))
    }

    fn field(shape: &[Option<usize>]) -> TensorField {
        TensorField { name: None, dtype: DType::Fp32, shape: shape.to_vec() }
    }

    #[test]
    fn lists_of_lists_are_a_matrix() {
        let tensor = matrix(&[&[1, 2], &[3, 4], &[5, 6]]).unwrap();
        assert_eq!(tensor.shape(), [3, 2]);
        assert_eq!(*tensor.elements(), Elements::Fp32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    }

    #[test]
    fn ragged_lists_name_the_row() {
        let error = matrix(&[&[1, 2], &[3]]).unwrap_err();
        assert_eq!(error, "element [1] is a list of 1, where the others have 2");
    }

    #[test]
    fn a_shape_that_is_not_expected_is_told() {
        let error = matrix(&[&[1, 2, 3]]).unwrap_err();
        assert_eq!(error, "a shape of [1, 3], where [-1, 2] is expected");
    }

    #[test]
    fn a_list_without_elements_has_one_dimension() {
        assert_eq!(matrix(&[]).unwrap_err(), "a shape of [0], where [-1, 2] is expected");
        let mut builder = TensorBuilder::new(DType::Fp32);
        builder.open().unwrap();
        builder.close().unwrap();
        assert_eq!(builder.finish(&field(&[None])).unwrap().shape(), [0]);
    }

    #[test]
    fn a_value_beside_lists_is_refused() {
        let mut builder = TensorBuilder::new(DType::Int64);
        builder.open().unwrap();
        builder.append(Cell::Int(1)).unwrap();
        builder.open().unwrap();
        assert_eq!(
            builder.append(Cell::Int(1)).unwrap_err(),
            "element [1, 0] is a value, where the others are lists"
        );
    }

    #[test]
    fn an_element_of_another_type_is_named() {
        let mut builder = TensorBuilder::new(DType::Int64);
        builder.open().unwrap();
        let error = builder.append(Cell::Float(1.5)).unwrap_err();
        assert_eq!(error, "element [0]: 1.5 is not a value of type int64");
    }

    #[test]
    fn deep_lists_are_bounded() {
        let mut builder = TensorBuilder::new(DType::Int64);
        assert!((0..20).any(|_| builder.open().is_err()));
    }
}
