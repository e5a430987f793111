//! The elements of tensors as raw bytes: little-endian, in the order of their tensor. A text has its length before it,
//! in 4 bytes; a boolean is one byte.

use half::{bf16, f16};

use crate::model::dtype::DType;
use crate::model::tensor::Elements;

/// Appends elements to a body; false where one of them is too long.
pub(super) fn append(elements: &Elements, body: &mut Vec<u8>) -> bool {
    macro_rules! numbers {
        ($values:expr) => {
            $values.iter().for_each(|value| body.extend_from_slice(&value.to_le_bytes()))
        };
    }
    body.reserve(elements.size_bytes());
    match elements {
        Elements::Bool(values) => body.extend(values.iter().copied().map(u8::from)),
        Elements::Uint8(values) => body.extend_from_slice(values),
        Elements::Uint16(values) => numbers!(values),
        Elements::Uint32(values) => numbers!(values),
        Elements::Uint64(values) => numbers!(values),
        Elements::Int8(values) => numbers!(values),
        Elements::Int16(values) => numbers!(values),
        Elements::Int32(values) => numbers!(values),
        Elements::Int64(values) => numbers!(values),
        Elements::Fp16(values) => numbers!(values),
        Elements::Bf16(values) => numbers!(values),
        Elements::Fp32(values) => numbers!(values),
        Elements::Fp64(values) => numbers!(values),
        Elements::Bytes(values) => {
            for value in values {
                let Ok(len) = u32::try_from(value.len()) else { return false };
                body.extend_from_slice(&len.to_le_bytes());
                body.extend_from_slice(value);
            }
        }
    }
    true
}

/// The elements in these bytes; none where they are not whole.
pub(super) fn read(dtype: DType, bytes: &[u8]) -> Option<Elements> {
    if !bytes.len().is_multiple_of(dtype.width().unwrap_or(1)) {
        return None;
    }
    macro_rules! numbers {
        ($number:ty) => {{
            let (numbers, _) = bytes.as_chunks::<{ size_of::<$number>() }>();
            numbers.iter().map(|number| <$number>::from_le_bytes(*number)).collect()
        }};
    }
    Some(match dtype {
        DType::Bool => Elements::Bool(bytes.iter().map(|byte| *byte != 0).collect()),
        DType::Uint8 => Elements::Uint8(bytes.to_vec()),
        DType::Uint16 => Elements::Uint16(numbers!(u16)),
        DType::Uint32 => Elements::Uint32(numbers!(u32)),
        DType::Uint64 => Elements::Uint64(numbers!(u64)),
        DType::Int8 => Elements::Int8(numbers!(i8)),
        DType::Int16 => Elements::Int16(numbers!(i16)),
        DType::Int32 => Elements::Int32(numbers!(i32)),
        DType::Int64 => Elements::Int64(numbers!(i64)),
        DType::Fp16 => Elements::Fp16(numbers!(f16)),
        DType::Bf16 => Elements::Bf16(numbers!(bf16)),
        DType::Fp32 => Elements::Fp32(numbers!(f32)),
        DType::Fp64 => Elements::Fp64(numbers!(f64)),
        DType::Bytes => Elements::Bytes(texts(bytes)?),
    })
}

fn texts(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let (len, rest) = bytes.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
        texts.push(text.to_vec());
        bytes = rest;
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(elements: &Elements) -> Vec<u8> {
        let mut body = Vec::new();
        assert!(append(elements, &mut body));
        body
    }

    #[test]
    fn elements_are_read_as_they_were_written() {
        let all = [
            Elements::Bool(vec![true, false]),
            Elements::Uint16(vec![1, u16::MAX]),
            Elements::Int8(vec![-1, 2]),
            Elements::Int64(vec![i64::MIN, 5]),
            Elements::Fp16(vec![f16::from_f32(0.5)]),
            Elements::Bf16(vec![bf16::from_f32(-2.0)]),
            Elements::Fp32(vec![0.25, f32::INFINITY]),
            Elements::Fp64(vec![-0.5]),
            Elements::Bytes(vec![b"red".to_vec(), Vec::new(), vec![0xff]]),
        ];
        for elements in all {
            assert_eq!(read(elements.dtype(), &bytes_of(&elements)), Some(elements));
        }
    }

    #[test]
    fn bytes_that_are_cut_off_are_no_elements() {
        assert_eq!(read(DType::Fp32, &[0; 6]), None);
        let texts = bytes_of(&Elements::Bytes(vec![b"red".to_vec()]));
        assert_eq!(read(DType::Bytes, &texts[..6]), None);
        assert_eq!(read(DType::Bytes, &texts[..2]), None);
    }
}
