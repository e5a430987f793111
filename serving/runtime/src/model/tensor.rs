//! Tensors: elements of one type in a box of any rank, the last dimension next to each other.

use half::{bf16, f16};

use super::dtype::DType;

/// Most dimensions of a tensor.
const MAX_RANK: usize = 16;

/// The elements of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub enum Elements {
    /// `BOOL`.
    Bool(Vec<bool>),
    /// `UINT8`.
    Uint8(Vec<u8>),
    /// `UINT16`.
    Uint16(Vec<u16>),
    /// `UINT32`.
    Uint32(Vec<u32>),
    /// `UINT64`.
    Uint64(Vec<u64>),
    /// `INT8`.
    Int8(Vec<i8>),
    /// `INT16`.
    Int16(Vec<i16>),
    /// `INT32`.
    Int32(Vec<i32>),
    /// `INT64`.
    Int64(Vec<i64>),
    /// `FP16`.
    Fp16(Vec<f16>),
    /// `BF16`.
    Bf16(Vec<bf16>),
    /// `FP32`.
    Fp32(Vec<f32>),
    /// `FP64`.
    Fp64(Vec<f64>),
    /// `BYTES`; texts in UTF-8.
    Bytes(Vec<Vec<u8>>),
}

/// Runs the same expression on the vector of any type of elements.
#[macro_export]
macro_rules! for_elements {
    ($elements:expr, $values:ident => $body:expr) => {
        match $elements {
            $crate::Elements::Bool($values) => $body,
            $crate::Elements::Uint8($values) => $body,
            $crate::Elements::Uint16($values) => $body,
            $crate::Elements::Uint32($values) => $body,
            $crate::Elements::Uint64($values) => $body,
            $crate::Elements::Int8($values) => $body,
            $crate::Elements::Int16($values) => $body,
            $crate::Elements::Int32($values) => $body,
            $crate::Elements::Int64($values) => $body,
            $crate::Elements::Fp16($values) => $body,
            $crate::Elements::Bf16($values) => $body,
            $crate::Elements::Fp32($values) => $body,
            $crate::Elements::Fp64($values) => $body,
            $crate::Elements::Bytes($values) => $body,
        }
    };
}

/// A tensor whose shape and number of elements agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    elements: Elements,
}

/// Why elements do not make a tensor, or tensors not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TensorError {
    /// The shape is of another number of elements.
    #[error("a shape of {shape:?} does not hold {len} elements")]
    Length {
        /// As it was given.
        shape: Vec<usize>,
        /// Elements that there are.
        len: usize,
    },
    /// Too many dimensions.
    #[error("{0} dimensions, where {MAX_RANK} are the most")]
    Rank(usize),
    /// Tensors that differ in more than their number of rows.
    #[error("tensors of {0} and {1} cannot be joined")]
    Unlike(String, String),
}

impl Elements {
    /// Of which type they are.
    pub fn dtype(&self) -> DType {
        match self {
            Elements::Bool(_) => DType::Bool,
            Elements::Uint8(_) => DType::Uint8,
            Elements::Uint16(_) => DType::Uint16,
            Elements::Uint32(_) => DType::Uint32,
            Elements::Uint64(_) => DType::Uint64,
            Elements::Int8(_) => DType::Int8,
            Elements::Int16(_) => DType::Int16,
            Elements::Int32(_) => DType::Int32,
            Elements::Int64(_) => DType::Int64,
            Elements::Fp16(_) => DType::Fp16,
            Elements::Bf16(_) => DType::Bf16,
            Elements::Fp32(_) => DType::Fp32,
            Elements::Fp64(_) => DType::Fp64,
            Elements::Bytes(_) => DType::Bytes,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        for_elements!(self, values => values.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that they take.
    pub fn size_bytes(&self) -> usize {
        match self {
            Elements::Bytes(values) => values.iter().map(|value| value.len() + size_of::<Vec<u8>>()).sum(),
            _ => self.len() * self.dtype().width().unwrap_or(0),
        }
    }

    /// Appends others of the same type; gives them back when they are of another.
    fn append(&mut self, others: Elements) -> Result<(), Elements> {
        match (self, others) {
            (Elements::Bool(all), Elements::Bool(mut more)) => all.append(&mut more),
            (Elements::Uint8(all), Elements::Uint8(mut more)) => all.append(&mut more),
            (Elements::Uint16(all), Elements::Uint16(mut more)) => all.append(&mut more),
            (Elements::Uint32(all), Elements::Uint32(mut more)) => all.append(&mut more),
            (Elements::Uint64(all), Elements::Uint64(mut more)) => all.append(&mut more),
            (Elements::Int8(all), Elements::Int8(mut more)) => all.append(&mut more),
            (Elements::Int16(all), Elements::Int16(mut more)) => all.append(&mut more),
            (Elements::Int32(all), Elements::Int32(mut more)) => all.append(&mut more),
            (Elements::Int64(all), Elements::Int64(mut more)) => all.append(&mut more),
            (Elements::Fp16(all), Elements::Fp16(mut more)) => all.append(&mut more),
            (Elements::Bf16(all), Elements::Bf16(mut more)) => all.append(&mut more),
            (Elements::Fp32(all), Elements::Fp32(mut more)) => all.append(&mut more),
            (Elements::Fp64(all), Elements::Fp64(mut more)) => all.append(&mut more),
            (Elements::Bytes(all), Elements::Bytes(mut more)) => all.append(&mut more),
            (_, others) => return Err(others),
        }
        Ok(())
    }

    fn slice(&self, start: usize, end: usize) -> Elements {
        match self {
            Elements::Bool(all) => Elements::Bool(all[start..end].to_vec()),
            Elements::Uint8(all) => Elements::Uint8(all[start..end].to_vec()),
            Elements::Uint16(all) => Elements::Uint16(all[start..end].to_vec()),
            Elements::Uint32(all) => Elements::Uint32(all[start..end].to_vec()),
            Elements::Uint64(all) => Elements::Uint64(all[start..end].to_vec()),
            Elements::Int8(all) => Elements::Int8(all[start..end].to_vec()),
            Elements::Int16(all) => Elements::Int16(all[start..end].to_vec()),
            Elements::Int32(all) => Elements::Int32(all[start..end].to_vec()),
            Elements::Int64(all) => Elements::Int64(all[start..end].to_vec()),
            Elements::Fp16(all) => Elements::Fp16(all[start..end].to_vec()),
            Elements::Bf16(all) => Elements::Bf16(all[start..end].to_vec()),
            Elements::Fp32(all) => Elements::Fp32(all[start..end].to_vec()),
            Elements::Fp64(all) => Elements::Fp64(all[start..end].to_vec()),
            Elements::Bytes(all) => Elements::Bytes(all[start..end].to_vec()),
        }
    }
}

impl Tensor {
    /// A tensor of this shape.
    pub fn new(shape: Vec<usize>, elements: Elements) -> Result<Self, TensorError> {
        if shape.len() > MAX_RANK {
            return Err(TensorError::Rank(shape.len()));
        }
        let n_elements = shape.iter().try_fold(1_usize, |n, length| n.checked_mul(*length));
        if n_elements != Some(elements.len()) {
            return Err(TensorError::Length { shape, len: elements.len() });
        }
        Ok(Tensor { shape, elements })
    }

    /// A tensor of one dimension.
    pub fn of_rows(elements: Elements) -> Self {
        Tensor { shape: vec![elements.len()], elements }
    }

    /// The length of each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All elements, the last dimension next to each other.
    pub fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Shape and elements.
    pub fn into_parts(self) -> (Vec<usize>, Elements) {
        (self.shape, self.elements)
    }

    /// Of which type the elements are.
    pub fn dtype(&self) -> DType {
        self.elements.dtype()
    }

    /// The length of the first dimension; a scalar is one row.
    pub fn n_rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Appends the rows of another tensor, which is alike in all but their number.
    pub fn append(&mut self, other: Tensor) -> Result<(), TensorError> {
        let alike = !self.shape.is_empty()
            && self.shape.len() == other.shape.len()
            && self.shape[1..] == other.shape[1..];
        let (words, others) = (self.to_string(), other.to_string());
        if !alike || self.elements.append(other.elements).is_err() {
            return Err(TensorError::Unlike(words, others));
        }
        self.shape[0] += other.shape[0];
        Ok(())
    }

    /// The rows from `start`, `n_rows` of them; the caller knows that there are as many.
    pub fn slice(&self, start: usize, n_rows: usize) -> Tensor {
        let Some((_, rest)) = self.shape.split_first() else { return self.clone() };
        let row: usize = rest.iter().product();
        let elements = self.elements.slice(start * row, (start + n_rows) * row);
        let mut shape = self.shape.clone();
        shape[0] = n_rows;
        Tensor { shape, elements }
    }
}

impl std::fmt::Display for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.dtype().name(), self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n_rows: usize) -> Tensor {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let values = (0..n_rows * 2).map(|number| number as f32).collect();
        Tensor::new(vec![n_rows, 2], Elements::Fp32(values)).unwrap()
    }

    #[test]
    fn a_shape_holds_as_many_elements_as_it_says() {
        let error = Tensor::new(vec![2, 3], Elements::Int64(vec![1; 5])).unwrap_err();
        assert_eq!(error, TensorError::Length { shape: vec![2, 3], len: 5 });
        let overflow = vec![usize::MAX, 2];
        assert!(Tensor::new(overflow, Elements::Int64(Vec::new())).is_err());
        assert_eq!(Tensor::new(vec![1; 17], Elements::Bool(vec![true])), Err(TensorError::Rank(17)));
    }

    #[test]
    fn rows_that_were_joined_can_be_parted() {
        let mut joined = matrix(2);
        joined.append(matrix(3)).unwrap();
        assert_eq!(joined.shape(), [5, 2]);
        assert_eq!(joined.slice(0, 2), matrix(2));
        assert_eq!(joined.slice(2, 3), matrix(3));
    }

    #[test]
    fn tensors_of_other_types_or_rows_are_not_joined() {
        let other = Tensor::new(vec![1, 2], Elements::Fp64(vec![0.0; 2])).unwrap();
        let error = matrix(1).append(other).unwrap_err();
        assert_eq!(error.to_string(), "tensors of FP32 [1, 2] and FP64 [1, 2] cannot be joined");
        let wider = Tensor::new(vec![1, 3], Elements::Fp32(vec![0.0; 3])).unwrap();
        assert!(matrix(1).append(wider).is_err());
    }
}
