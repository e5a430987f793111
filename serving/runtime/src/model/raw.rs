//! Elements as bytes: little-endian, row by row; texts each behind its length in four bytes.
//!
//! The binary tensor extension of REST, the raw contents of gRPC and the sockets of Python workers are the same.

use half::{bf16, f16};

use crate::model::dtype::DType;
use crate::model::tensor::Elements;

/// Bytes before a text: its length.
const PREFIX: usize = 4;

/// Reads `n_elements` of a type. Nothing is allocated before there are as many bytes as they take.
///
/// # Errors
/// Without the name of the tensor.
pub(crate) fn decode(dtype: DType, n_elements: usize, raw: &[u8]) -> Result<Elements, String> {
    if let Some(width) = dtype.width()
        && n_elements.checked_mul(width) != Some(raw.len())
    {
        return Err(format!("{n_elements} elements of {} do not take {} bytes", dtype.name(), raw.len()));
    }
    Ok(match dtype {
        DType::Bool => Elements::Bool(bools(raw)?),
        DType::Uint8 => Elements::Uint8(raw.to_vec()),
        DType::Uint16 => Elements::Uint16(numbers(raw, u16::from_le_bytes)),
        DType::Uint32 => Elements::Uint32(numbers(raw, u32::from_le_bytes)),
        DType::Uint64 => Elements::Uint64(numbers(raw, u64::from_le_bytes)),
        DType::Int8 => Elements::Int8(numbers(raw, i8::from_le_bytes)),
        DType::Int16 => Elements::Int16(numbers(raw, i16::from_le_bytes)),
        DType::Int32 => Elements::Int32(numbers(raw, i32::from_le_bytes)),
        DType::Int64 => Elements::Int64(numbers(raw, i64::from_le_bytes)),
        DType::Fp16 => Elements::Fp16(numbers(raw, f16::from_le_bytes)),
        DType::Bf16 => Elements::Bf16(numbers(raw, bf16::from_le_bytes)),
        DType::Fp32 => Elements::Fp32(numbers(raw, f32::from_le_bytes)),
        DType::Fp64 => Elements::Fp64(numbers(raw, f64::from_le_bytes)),
        DType::Bytes => Elements::Bytes(texts(n_elements, raw)?),
    })
}

fn numbers<const WIDTH: usize, T>(raw: &[u8], read: impl Fn([u8; WIDTH]) -> T) -> Vec<T> {
    raw.as_chunks().0.iter().map(|bytes| read(*bytes)).collect()
}

fn bools(raw: &[u8]) -> Result<Vec<bool>, String> {
    match raw.iter().position(|byte| *byte > 1) {
        Some(position) => Err(format!("element {position}: {} is no BOOL", raw[position])),
        None => Ok(raw.iter().map(|byte| *byte == 1).collect()),
    }
}

fn texts(n_elements: usize, mut raw: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    if n_elements.checked_mul(PREFIX).is_none_or(|least| least > raw.len()) {
        return Err(format!("{n_elements} elements of BYTES do not fit into {} bytes", raw.len()));
    }
    let mut values = Vec::with_capacity(n_elements);
    for position in 0..n_elements {
        let text = raw.split_first_chunk().and_then(|(length, rest)| {
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            rest.split_at_checked(length)
        });
        let Some((value, rest)) = text else {
            return Err(format!("element {position} ends behind the tensor's bytes"));
        };
        values.push(value.to_vec());
        raw = rest;
    }
    match raw {
        [] => Ok(values),
        rest => Err(format!("{} bytes are left behind {n_elements} elements of BYTES", rest.len())),
    }
}

/// Appends elements.
///
/// # Errors
/// Without the name of the tensor.
pub(crate) fn encode(elements: &Elements, out: &mut Vec<u8>) -> Result<(), String> {
    match elements {
        Elements::Bool(values) => out.extend(values.iter().map(|value| u8::from(*value))),
        Elements::Uint8(values) => out.extend_from_slice(values),
        Elements::Uint16(values) => write(values, out, u16::to_le_bytes),
        Elements::Uint32(values) => write(values, out, u32::to_le_bytes),
        Elements::Uint64(values) => write(values, out, u64::to_le_bytes),
        Elements::Int8(values) => write(values, out, i8::to_le_bytes),
        Elements::Int16(values) => write(values, out, i16::to_le_bytes),
        Elements::Int32(values) => write(values, out, i32::to_le_bytes),
        Elements::Int64(values) => write(values, out, i64::to_le_bytes),
        Elements::Fp16(values) => write(values, out, f16::to_le_bytes),
        Elements::Bf16(values) => write(values, out, bf16::to_le_bytes),
        Elements::Fp32(values) => write(values, out, f32::to_le_bytes),
        Elements::Fp64(values) => write(values, out, f64::to_le_bytes),
        Elements::Bytes(values) => {
            for (position, value) in values.iter().enumerate() {
                let length = u32::try_from(value.len())
                    .map_err(|_| format!("element {position} of {} bytes is too long", value.len()))?;
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(value);
            }
        }
    }
    Ok(())
}

fn write<const WIDTH: usize, T: Copy>(values: &[T], out: &mut Vec<u8>, bytes: impl Fn(T) -> [u8; WIDTH]) {
    let start = out.len();
    out.resize(start + values.len() * WIDTH, 0);
    for (place, value) in out[start..].as_chunks_mut().0.iter_mut().zip(values) {
        *place = bytes(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(elements: &Elements) {
        let mut raw = Vec::new();
        encode(elements, &mut raw).unwrap();
        assert_eq!(decode(elements.dtype(), elements.len(), &raw).as_ref(), Ok(elements));
    }

    #[test]
    fn elements_of_all_types_come_back() {
        round_trip(&Elements::Bool(vec![true, false]));
        round_trip(&Elements::Uint8(vec![0, 255]));
        round_trip(&Elements::Uint16(vec![1, u16::MAX]));
        round_trip(&Elements::Uint32(vec![1, u32::MAX]));
        round_trip(&Elements::Uint64(vec![1, u64::MAX]));
        round_trip(&Elements::Int8(vec![i8::MIN, 1]));
        round_trip(&Elements::Int16(vec![i16::MIN, 1]));
        round_trip(&Elements::Int32(vec![i32::MIN, 1]));
        round_trip(&Elements::Int64(vec![i64::MIN, 1]));
        round_trip(&Elements::Fp16(vec![f16::from_f32(1.5), f16::INFINITY]));
        round_trip(&Elements::Bf16(vec![bf16::from_f32(-2.0)]));
        round_trip(&Elements::Fp32(vec![0.1, f32::INFINITY]));
        round_trip(&Elements::Fp64(vec![0.1, -0.0]));
        round_trip(&Elements::Bytes(vec![b"a".to_vec(), Vec::new(), vec![0xff; 300]]));
    }

    #[test]
    fn numbers_are_little_endian_and_texts_behind_their_length() {
        assert_eq!(decode(DType::Uint16, 1, &[1, 2]), Ok(Elements::Uint16(vec![0x0201])));
        assert_eq!(
            decode(DType::Bytes, 1, &[2, 0, 0, 0, b'o', b'k']),
            Ok(Elements::Bytes(vec![b"ok".to_vec()]))
        );
    }

    #[test]
    fn bytes_that_are_not_as_many_as_the_shape_says_are_refused() {
        let error = decode(DType::Fp32, 2, &[0; 7]).unwrap_err();
        assert_eq!(error, "2 elements of FP32 do not take 7 bytes");
        assert!(decode(DType::Fp64, usize::MAX, &[0; 8]).is_err());
        assert!(decode(DType::Bytes, usize::MAX, &[0; 8]).is_err());
        assert!(decode(DType::Bytes, 1, &[9, 0, 0, 0, 1]).unwrap_err().contains("element 0"));
        assert!(decode(DType::Bytes, 1, &[0, 0, 0, 0, 1]).unwrap_err().contains("1 bytes are left"));
        assert!(decode(DType::Bool, 2, &[1, 2]).unwrap_err().contains("element 1"));
    }

    proptest! {
        #[test]
        fn texts_never_panic(n_elements in 0..10_usize, raw in prop::collection::vec(0..6_u8, 0..64)) {
            let _ = decode(DType::Bytes, n_elements, &raw);
        }
    }
}
