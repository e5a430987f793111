//! The typed contents of a tensor: the list that fits its type.

use super::pb::InferTensorContents;
use crate::{DType, Elements};

/// The elements of a tensor of this type.
///
/// # Errors
/// Without the name of the tensor.
pub(super) fn elements(dtype: DType, contents: InferTensorContents) -> Result<Elements, String> {
    check_others(dtype, &contents)?;
    let InferTensorContents { int_contents: ints, uint_contents: uints, .. } = contents;
    Ok(match dtype {
        DType::Bool => Elements::Bool(contents.bool_contents),
        DType::Int8 => Elements::Int8(narrow(ints, dtype)?),
        DType::Int16 => Elements::Int16(narrow(ints, dtype)?),
        DType::Int32 => Elements::Int32(ints),
        DType::Int64 => Elements::Int64(contents.int64_contents),
        DType::Uint8 => Elements::Uint8(narrow(uints, dtype)?),
        DType::Uint16 => Elements::Uint16(narrow(uints, dtype)?),
        DType::Uint32 => Elements::Uint32(uints),
        DType::Uint64 => Elements::Uint64(contents.uint64_contents),
        DType::Fp32 => Elements::Fp32(contents.fp32_contents),
        DType::Fp64 => Elements::Fp64(contents.fp64_contents),
        DType::Bytes => Elements::Bytes(contents.bytes_contents),
        DType::Fp16 | DType::Bf16 => {
            return Err(format!("{} travels only in raw_input_contents", dtype.name()));
        }
    })
}

/// The field of a type's elements; none for those that have no list.
fn field_of(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::Bool => "bool_contents",
        DType::Int8 | DType::Int16 | DType::Int32 => "int_contents",
        DType::Int64 => "int64_contents",
        DType::Uint8 | DType::Uint16 | DType::Uint32 => "uint_contents",
        DType::Uint64 => "uint64_contents",
        DType::Fp32 => "fp32_contents",
        DType::Fp64 => "fp64_contents",
        DType::Bytes => "bytes_contents",
        DType::Fp16 | DType::Bf16 => return None,
    })
}

/// Refuses elements that came in the list of another type.
fn check_others(dtype: DType, contents: &InferTensorContents) -> Result<(), String> {
    let Some(own) = field_of(dtype) else { return Ok(()) };
    let lists = [
        ("bool_contents", contents.bool_contents.len()),
        ("int_contents", contents.int_contents.len()),
        ("int64_contents", contents.int64_contents.len()),
        ("uint_contents", contents.uint_contents.len()),
        ("uint64_contents", contents.uint64_contents.len()),
        ("fp32_contents", contents.fp32_contents.len()),
        ("fp64_contents", contents.fp64_contents.len()),
        ("bytes_contents", contents.bytes_contents.len()),
    ];
    match lists.iter().find(|(field, n_elements)| *field != own && *n_elements > 0) {
        Some((field, _)) => Err(format!("{} travels in {own}, found {field}", dtype.name())),
        None => Ok(()),
    }
}

fn narrow<T: Copy + std::fmt::Display, U: TryFrom<T>>(
    values: Vec<T>,
    dtype: DType,
) -> Result<Vec<U>, String> {
    let narrow = |(position, value): (usize, T)| {
        U::try_from(value).map_err(|_| format!("element {position}: {value} is no {}", dtype.name()))
    };
    values.into_iter().enumerate().map(narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_list() {
        let contents =
            || InferTensorContents { int_contents: vec![1, 200], ..InferTensorContents::default() };
        assert_eq!(elements(DType::Int16, contents()), Ok(Elements::Int16(vec![1, 200])));
        assert_eq!(elements(DType::Int8, contents()), Err("element 1: 200 is no INT8".to_owned()));
        let error = elements(DType::Fp32, contents()).unwrap_err();
        assert_eq!(error, "FP32 travels in fp32_contents, found int_contents");
        let error = elements(DType::Fp16, contents()).unwrap_err();
        assert_eq!(error, "FP16 travels only in raw_input_contents");
    }
}
