//! Predictions as a table, for answers in Arrow and for scored files.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Float16Array, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, ListArray, RecordBatch, StringArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;
use serde_json::Value;

use super::infer;
use super::predictions::Predictions;
use super::tensor::{Elements, Tensor};

/// The predictions as a table: a single array is the column `name`, with lists where it has more than one dimension;
/// several arrays are a column each.
///
/// # Errors
/// When they have no rows, or arrays of different lengths.
pub fn to_columns(predictions: &Predictions, name: &str) -> Result<RecordBatch, String> {
    match predictions {
        Predictions::Frame(table) | Predictions::Columns(table) => Ok(table.clone()),
        Predictions::Array(array) => infer::table(vec![(name.to_owned(), column(array)?)], array.n_rows()),
        Predictions::Arrays(arrays) => {
            let Some(n_rows) = predictions.n_rows() else {
                return Err("the model answers arrays of different lengths, which are no table".to_owned());
            };
            let columns = arrays.iter().map(|(name, array)| Ok((name.clone(), column(array)?)));
            infer::table(columns.collect::<Result<_, String>>()?, n_rows)
        }
        Predictions::Json(Value::Array(rows)) if rows.iter().all(Value::is_object) => {
            infer::objects_table(rows)
        }
        Predictions::Json(Value::Array(values)) => {
            let array = infer::array(&values.iter().collect::<Vec<_>>())?;
            infer::table(vec![(name.to_owned(), array)], values.len())
        }
        Predictions::Json(_) => Err("the model's answer is no table".to_owned()),
    }
}

/// A column with a row for each row of the tensor.
fn column(tensor: &Tensor) -> Result<ArrayRef, String> {
    let mut array = flat(tensor.elements());
    let inner = tensor.shape().get(1..).unwrap_or_default();
    for depth in (0..inner.len()).rev() {
        let n_lists = tensor.shape()[..=depth].iter().product();
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(inner[depth], n_lists));
        let field = Arc::new(Field::new_list_field(array.data_type().clone(), true));
        array = Arc::new(ListArray::try_new(field, offsets, array, None).map_err(|error| error.to_string())?);
    }
    Ok(array)
}

fn flat(elements: &Elements) -> ArrayRef {
    match elements {
        Elements::Bool(values) => Arc::new(BooleanArray::from(values.clone())),
        Elements::Uint8(values) => Arc::new(UInt8Array::from(values.clone())),
        Elements::Uint16(values) => Arc::new(UInt16Array::from(values.clone())),
        Elements::Uint32(values) => Arc::new(UInt32Array::from(values.clone())),
        Elements::Uint64(values) => Arc::new(UInt64Array::from(values.clone())),
        Elements::Int8(values) => Arc::new(Int8Array::from(values.clone())),
        Elements::Int16(values) => Arc::new(Int16Array::from(values.clone())),
        Elements::Int32(values) => Arc::new(Int32Array::from(values.clone())),
        Elements::Int64(values) => Arc::new(Int64Array::from(values.clone())),
        Elements::Fp16(values) => Arc::new(Float16Array::from(values.clone())),
        Elements::Bf16(values) => {
            Arc::new(Float32Array::from_iter_values(values.iter().map(|value| value.to_f32())))
        }
        Elements::Fp32(values) => Arc::new(Float32Array::from(values.clone())),
        Elements::Fp64(values) => Arc::new(Float64Array::from(values.clone())),
        Elements::Bytes(values) => {
            let texts: Result<Vec<&str>, _> = values.iter().map(|value| std::str::from_utf8(value)).collect();
            match texts {
                Ok(texts) => Arc::new(StringArray::from_iter_values(texts)),
                Err(_) => Arc::new(BinaryArray::from_iter_values(values)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;
    use arrow::datatypes::DataType;

    use super::*;

    #[test]
    fn one_array_is_one_column() {
        let array = Tensor::of_rows(Elements::Int64(vec![1, 2]));
        let table = to_columns(&Predictions::Array(array), "prediction").unwrap();
        assert_eq!((table.num_rows(), table.schema().field(0).name().as_str()), (2, "prediction"));
    }

    #[test]
    fn dimensions_beyond_the_first_are_lists() {
        let array = Tensor::new(vec![2, 1, 3], Elements::Fp32(vec![0.5; 6])).unwrap();
        let table = to_columns(&Predictions::Array(array), "p").unwrap();
        assert_eq!(table.num_rows(), 2);
        let expected = DataType::new_list(DataType::new_list(DataType::Float32, true), true);
        assert_eq!(*table.column(0).data_type(), expected);
        let empty = Tensor::new(vec![0, 3], Elements::Fp32(Vec::new())).unwrap();
        assert_eq!(to_columns(&Predictions::Array(empty), "p").unwrap().num_rows(), 0);
    }

    #[test]
    fn several_arrays_are_columns_if_they_are_as_long() {
        let array = |n_rows: usize| Tensor::of_rows(Elements::Bytes(vec![b"a".to_vec(); n_rows]));
        let arrays =
            |n_rows| Predictions::Arrays(vec![("a".to_owned(), array(2)), ("b".to_owned(), array(n_rows))]);
        let table = to_columns(&arrays(2), "p").unwrap();
        assert_eq!((table.num_columns(), table.column(0).data_type()), (2, &DataType::Utf8));
        assert!(to_columns(&arrays(3), "p").is_err());
    }

    #[test]
    fn lists_of_python_are_a_table_and_other_things_are_none() {
        let table = to_columns(&Predictions::Json(serde_json::json!([{"a": 1}])), "p").unwrap();
        assert_eq!(table.column(0).len(), 1);
        assert!(to_columns(&Predictions::Json(serde_json::json!("text")), "p").is_err());
    }
}
