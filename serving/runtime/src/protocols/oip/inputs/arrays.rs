//! Elements as the values of a column.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array,
    ListArray, StringBuilder, TimestampNanosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use arrow::datatypes::Field;
use serde::de::IgnoredAny;

use super::super::place::place;
use crate::{ColumnType, DType, Elements};

/// The type of the elements that make a column's values; none where no tensor can hold them. Dates may come as texts
/// or as nanoseconds.
pub(super) fn dtype_of(leaf: &ColumnType, found: DType) -> Option<DType> {
    match leaf {
        ColumnType::Boolean => Some(DType::Bool),
        ColumnType::Integer => Some(DType::Int32),
        ColumnType::Long => Some(DType::Int64),
        ColumnType::Float => Some(DType::Fp32),
        ColumnType::Double => Some(DType::Fp64),
        ColumnType::Datetime if found == DType::Int64 => Some(DType::Int64),
        ColumnType::String | ColumnType::Binary | ColumnType::Any | ColumnType::Datetime => {
            Some(DType::Bytes)
        }
        ColumnType::Array(_) | ColumnType::Map(_) | ColumnType::Object(_) => None,
    }
}

/// The values of a column out of elements of the type that it needs.
pub(super) fn array(
    name: &str,
    shape: &[usize],
    elements: Elements,
    column_type: &ColumnType,
) -> Result<ArrayRef, String> {
    let at = |position| format!("input '{name}' element {}", place(shape, position));
    match (column_type, elements) {
        (ColumnType::Array(items), elements) => {
            let values = array(name, shape, elements, items)?;
            // The innermost list is the last dimension; those around it hold fewer lists each.
            let dimension = shape.len().saturating_sub(1 + depth_of(items));
            let (width, n_lists) = (shape[dimension], shape[..dimension].iter().product());
            list(values, n_lists, width).map_err(|error| format!("input '{name}': {error}"))
        }
        (_, Elements::Bool(values)) => Ok(Arc::new(BooleanArray::from(values))),
        (_, Elements::Int32(values)) => Ok(Arc::new(Int32Array::from(values))),
        (ColumnType::Datetime, Elements::Int64(values)) => {
            Ok(Arc::new(TimestampNanosecondArray::from(values)))
        }
        (_, Elements::Int64(values)) => Ok(Arc::new(Int64Array::from(values))),
        (_, Elements::Fp32(values)) => Ok(Arc::new(Float32Array::from(values))),
        (_, Elements::Fp64(values)) => Ok(Arc::new(Float64Array::from(values))),
        (ColumnType::Datetime, Elements::Bytes(values)) => dates(&values, at),
        (ColumnType::Binary, Elements::Bytes(values)) => {
            check_total(&values)?;
            let mut builder = BinaryBuilder::with_capacity(values.len(), total(&values));
            for value in &values {
                builder.append_value(value);
            }
            Ok(Arc::new(builder.finish()))
        }
        (column_type, Elements::Bytes(values)) => texts(&values, *column_type == ColumnType::Any, at),
        (_, others) => Err(format!("input '{name}' cannot be a column of {}", others.dtype().name())),
    }
}

/// How many lists are around a type's innermost values.
fn depth_of(column_type: &ColumnType) -> usize {
    match column_type {
        ColumnType::Array(items) => 1 + depth_of(items),
        _ => 0,
    }
}

fn list(values: ArrayRef, n_lists: usize, width: usize) -> Result<ArrayRef, String> {
    if i32::try_from(values.len()).is_err() || n_lists.checked_mul(width) != Some(values.len()) {
        return Err("the lists are too long together".to_owned());
    }
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(width, n_lists));
    let field = Field::new_list_field(values.data_type().clone(), true);
    let list = ListArray::try_new(Arc::new(field), offsets, values, None);
    Ok(Arc::new(list.map_err(|error| error.to_string())?))
}

fn total(values: &[Vec<u8>]) -> usize {
    values.iter().map(Vec::len).sum()
}

/// A column of texts has room for 2 GiB.
fn check_total(values: &[Vec<u8>]) -> Result<(), String> {
    match i32::try_from(total(values)) {
        Ok(_) => Ok(()),
        Err(_) => Err("the texts of an input are longer than 2 GiB together".to_owned()),
    }
}

fn text(value: &[u8], at: impl Fn() -> String) -> Result<&str, String> {
    std::str::from_utf8(value).map_err(|_| format!("{}: the bytes are no UTF-8 text", at()))
}

fn texts(values: &[Vec<u8>], are_json: bool, at: impl Fn(usize) -> String) -> Result<ArrayRef, String> {
    check_total(values)?;
    let mut builder = StringBuilder::with_capacity(values.len(), total(values));
    for (position, value) in values.iter().enumerate() {
        let text = text(value, || at(position))?;
        if are_json && serde_json::from_str::<IgnoredAny>(text).is_err() {
            return Err(format!("{}: the text is no JSON", at(position)));
        }
        builder.append_value(text);
    }
    Ok(Arc::new(builder.finish()))
}

fn dates(values: &[Vec<u8>], at: impl Fn(usize) -> String) -> Result<ArrayRef, String> {
    const LONGEST: usize = 64;
    let date = |(position, value): (usize, &Vec<u8>)| {
        let text = text(value, || at(position))?;
        let shown: String = text.chars().take(LONGEST).collect();
        string_to_timestamp_nanos(text)
            .map_err(|_| format!("{}: '{shown}' is no date and time", at(position)))
    };
    let dates: Vec<i64> = values.iter().enumerate().map(date).collect::<Result<_, String>>()?;
    Ok(Arc::new(TimestampNanosecondArray::from(dates)))
}

/// The columns of a matrix of numbers.
pub(super) fn gather(elements: &Elements, width: usize) -> Vec<ArrayRef> {
    let columns = 0..width;
    match elements {
        Elements::Bool(all) => {
            let array = |first| BooleanArray::from(column(all, first, width));
            columns.map(|first| Arc::new(array(first)) as ArrayRef).collect()
        }
        Elements::Int32(all) => {
            let array = |first| Int32Array::from(column(all, first, width));
            columns.map(|first| Arc::new(array(first)) as ArrayRef).collect()
        }
        Elements::Int64(all) => {
            let array = |first| Int64Array::from(column(all, first, width));
            columns.map(|first| Arc::new(array(first)) as ArrayRef).collect()
        }
        Elements::Fp32(all) => {
            let array = |first| Float32Array::from(column(all, first, width));
            columns.map(|first| Arc::new(array(first)) as ArrayRef).collect()
        }
        Elements::Fp64(all) => {
            let array = |first| Float64Array::from(column(all, first, width));
            columns.map(|first| Arc::new(array(first)) as ArrayRef).collect()
        }
        _ => Vec::new(),
    }
}

fn column<T: Copy>(all: &[T], first: usize, width: usize) -> Vec<T> {
    all.iter().skip(first).step_by(width.max(1)).copied().collect()
}
