//! A column of an answer as a tensor: `[n]`, and one dimension more for each list around its values.
//!
//! A tensor has no nulls. A missing float or whole number is not a number, in a tensor of FP64 where they were whole; a
//! missing text is empty. Lists of different lengths, maps, objects and what else no tensor holds become the texts of
//! their JSON.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use half::f16;

use super::json;
use crate::{Elements, Tensor};

/// The tensor of a column.
pub(super) fn tensor(column: &ArrayRef) -> Result<Tensor, String> {
    let made = match parts(column) {
        Some((shape, elements)) => Tensor::new(shape, elements),
        None => Ok(Tensor::of_rows(Elements::Bytes(json::texts(column)?))),
    };
    made.map_err(|error| error.to_string())
}

/// Shape and elements; none when only JSON will do.
fn parts(column: &ArrayRef) -> Option<(Vec<usize>, Elements)> {
    match column.data_type() {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) => lists(column),
        DataType::Dictionary(_, values) => parts(&cast(column, values).ok()?),
        _ => Some((vec![column.len()], elements(column)?)),
    }
}

/// Lists of one length, none of them null.
fn lists(column: &ArrayRef) -> Option<(Vec<usize>, Elements)> {
    let n_rows = column.len();
    if column.null_count() > 0 {
        return None;
    }
    let (values, width) = match column.data_type() {
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            let width = width(list.offsets().lengths())?;
            let start = usize::try_from(*list.offsets().first()?).ok()?;
            (list.values().slice(start, n_rows * width), width)
        }
        DataType::LargeList(_) => {
            let list = column.as_list::<i64>();
            let width = width(list.offsets().lengths())?;
            let start = usize::try_from(*list.offsets().first()?).ok()?;
            (list.values().slice(start, n_rows * width), width)
        }
        _ => {
            let list = column.as_fixed_size_list();
            let width = usize::try_from(list.value_length()).ok()?;
            (list.values().slice(usize::try_from(list.value_offset(0)).ok()?, n_rows * width), width)
        }
    };
    let (inner, elements) = parts(&values)?;
    let rest = inner.get(1..).unwrap_or_default();
    Some(([n_rows, width].iter().chain(rest).copied().collect(), elements))
}

/// The one length of all lists.
fn width(mut lengths: impl Iterator<Item = usize>) -> Option<usize> {
    let Some(first) = lengths.next() else { return Some(0) };
    lengths.all(|length| length == first).then_some(first)
}

fn elements(column: &ArrayRef) -> Option<Elements> {
    Some(match column.data_type() {
        DataType::Boolean if column.null_count() == 0 => {
            Elements::Bool(column.as_boolean().values().iter().collect())
        }
        DataType::Float16 => Elements::Fp16(floats::<Float16Type>(column, f16::NAN)),
        DataType::Float32 => Elements::Fp32(floats::<Float32Type>(column, f32::NAN)),
        DataType::Float64 => Elements::Fp64(floats::<Float64Type>(column, f64::NAN)),
        data_type if data_type.is_integer() && column.null_count() > 0 => {
            let doubles = cast(column, &DataType::Float64).ok()?;
            Elements::Fp64(floats::<Float64Type>(&doubles, f64::NAN))
        }
        DataType::UInt8 => Elements::Uint8(column.as_primitive::<UInt8Type>().values().to_vec()),
        DataType::UInt16 => Elements::Uint16(column.as_primitive::<UInt16Type>().values().to_vec()),
        DataType::UInt32 => Elements::Uint32(column.as_primitive::<UInt32Type>().values().to_vec()),
        DataType::UInt64 => Elements::Uint64(column.as_primitive::<UInt64Type>().values().to_vec()),
        DataType::Int8 => Elements::Int8(column.as_primitive::<Int8Type>().values().to_vec()),
        DataType::Int16 => Elements::Int16(column.as_primitive::<Int16Type>().values().to_vec()),
        DataType::Int32 => Elements::Int32(column.as_primitive::<Int32Type>().values().to_vec()),
        DataType::Int64 => Elements::Int64(column.as_primitive::<Int64Type>().values().to_vec()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let texts = cast(column, &DataType::LargeUtf8).ok()?;
            let texts = texts.as_string::<i64>().iter();
            Elements::Bytes(texts.map(|text| text.unwrap_or_default().as_bytes().to_vec()).collect())
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let values = cast(column, &DataType::LargeBinary).ok()?;
            let values = values.as_binary::<i64>().iter();
            Elements::Bytes(values.map(|value| value.unwrap_or_default().to_vec()).collect())
        }
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => {
            let texts = cast(column, &DataType::LargeUtf8).ok()?;
            let texts = texts.as_string::<i64>().iter();
            Elements::Bytes(texts.map(|text| text.unwrap_or_default().as_bytes().to_vec()).collect())
        }
        _ => return None,
    })
}

fn floats<T: ArrowPrimitiveType>(column: &ArrayRef, missing: T::Native) -> Vec<T::Native> {
    let column = column.as_primitive::<T>();
    if column.null_count() == 0 {
        return column.values().to_vec();
    }
    column.iter().map(|value| value.unwrap_or(missing)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow::array::{
        BooleanArray, FixedSizeListArray, Float32Array, Int64Array, ListArray, StringArray,
        TimestampNanosecondArray,
    };

    fn made(column: impl Array + 'static) -> (Vec<usize>, Elements) {
        let column: ArrayRef = Arc::new(column);
        tensor(&column).unwrap().into_parts()
    }

    fn texts(values: &[&str]) -> Elements {
        Elements::Bytes(values.iter().map(|value| value.as_bytes().to_vec()).collect())
    }

    #[test]
    fn columns_are_tensors_of_one_dimension() {
        assert_eq!(made(Int64Array::from(vec![1, 2])), (vec![2], Elements::Int64(vec![1, 2])));
        assert_eq!(made(BooleanArray::from(vec![true])), (vec![1], Elements::Bool(vec![true])));
        assert_eq!(made(StringArray::from(vec![Some("a"), None])), (vec![2], texts(&["a", ""])));
        let time = TimestampNanosecondArray::from(vec![1_000_000_000]);
        assert_eq!(made(time), (vec![1], texts(&["1970-01-01T00:00:01"])));
    }

    #[test]
    fn missing_numbers_are_not_numbers() {
        let (_, Elements::Fp64(values)) = made(Int64Array::from(vec![Some(1), None])) else {
            panic!("no doubles")
        };
        assert!(values[0].to_bits() == 1.0_f64.to_bits() && values[1].is_nan());
        let (_, Elements::Fp32(values)) = made(Float32Array::from(vec![None])) else { panic!("no singles") };
        assert!(values[0].is_nan());
        assert_eq!(made(BooleanArray::from(vec![Some(true), None])).1, texts(&["true", "null"]));
    }

    #[test]
    fn lists_of_one_length_are_a_dimension_more() {
        let list = |rows: Vec<Vec<f32>>| {
            let rows = rows.into_iter().map(|row| Some(row.into_iter().map(Some).collect::<Vec<_>>()));
            ListArray::from_iter_primitive::<Float32Type, _, _>(rows)
        };
        let even = list(vec![vec![0.0], vec![1.0, 2.0], vec![3.0, 4.0]]).slice(1, 2);
        assert_eq!(made(even), (vec![2, 2], Elements::Fp32(vec![1.0, 2.0, 3.0, 4.0])));
        let ragged = list(vec![vec![1.0], vec![2.0, 3.0]]);
        assert_eq!(made(ragged), (vec![2], texts(&["[1.0]", "[2.0,3.0]"])));
        let rows = vec![Some(vec![Some(1), Some(2)]), Some(vec![Some(3), Some(4)])];
        let fixed = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(rows, 2).slice(1, 1);
        assert_eq!(made(fixed), (vec![1, 2], Elements::Int64(vec![3, 4])));
    }
}
