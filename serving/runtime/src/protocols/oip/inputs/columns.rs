//! Tensors for a model that takes a table: one for each column, or one for all of them.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::SchemaRef;

use super::super::describe::column_name;
use super::arrays::{array, dtype_of, gather};
use super::{Named, check_rows, elements, listed};
use crate::{Column, ColumnType, DType, Tensor};

/// The table that a model takes, its columns in its order.
pub(super) fn batch(
    inputs: Vec<(String, Tensor)>,
    columns: &[Column],
    schema: &SchemaRef,
) -> Result<RecordBatch, String> {
    if let Some(dtype) = one_for_all(&inputs, columns)? {
        return matrix(inputs, dtype, schema);
    }
    by_name(inputs, columns, schema)
}

/// The type of the columns, when the one input is a matrix of all of them.
fn one_for_all(inputs: &[(String, Tensor)], columns: &[Column]) -> Result<Option<DType>, String> {
    let [(name, tensor)] = inputs else { return Ok(None) };
    let n_columns = columns.len();
    if n_columns < 2 {
        return Ok(None);
    }
    let is_column = names(columns).any(|column| column == *name);
    match (number_type(columns), tensor.shape()) {
        (Some(dtype), [_, width]) if *width == n_columns => Ok(Some(dtype)),
        (Some(_), [_, width]) if !is_column => {
            Err(format!("input '{name}' has {width} columns, expected {n_columns}"))
        }
        (None, [_, _]) if !is_column => Err(format!(
            "input '{name}' is one tensor for {n_columns} columns of several types; send one tensor for each: {}",
            listed(names(columns))
        )),
        _ => Ok(None),
    }
}

/// The type that all columns share, if it is of numbers.
fn number_type(columns: &[Column]) -> Option<DType> {
    let dtype = match &columns.first()?.column_type {
        ColumnType::Boolean => DType::Bool,
        ColumnType::Integer => DType::Int32,
        ColumnType::Long => DType::Int64,
        ColumnType::Float => DType::Fp32,
        ColumnType::Double => DType::Fp64,
        _ => return None,
    };
    let first = &columns.first()?.column_type;
    columns.iter().all(|column| column.column_type == *first).then_some(dtype)
}

fn matrix(inputs: Vec<(String, Tensor)>, dtype: DType, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let mut arrays = Vec::new();
    let mut n_rows = 0;
    for (name, tensor) in inputs {
        n_rows = tensor.n_rows();
        let (shape, found) = tensor.into_parts();
        let elements = elements(&name, &shape, found, dtype)?;
        arrays = gather(&elements, schema.fields().len());
    }
    table(schema, arrays, n_rows)
}

fn by_name(
    inputs: Vec<(String, Tensor)>,
    columns: &[Column],
    schema: &SchemaRef,
) -> Result<RecordBatch, String> {
    check_rows(inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.n_rows())))?;
    let n_rows = inputs.first().map_or(0, |(_, tensor)| tensor.n_rows());
    let mut named = Named::new(inputs);
    let mut arrays = Vec::with_capacity(columns.len());
    for (column, name) in columns.iter().zip(names(columns)) {
        arrays.push(match named.take(&name) {
            Some(tensor) => values(&name, tensor, column)?,
            None if !column.required => new_null_array(&column.column_type.arrow(), n_rows),
            None => return Err(named.missing(&name, names(columns))),
        });
    }
    named.check_empty(names(columns))?;
    table(schema, arrays, n_rows)
}

fn names(columns: &[Column]) -> impl Iterator<Item = Cow<'_, str>> {
    columns.iter().enumerate().map(|(position, column)| column_name(position, column))
}

/// The values of a column: a tensor of one dimension more than the column's lists are deep, where a last dimension of
/// one is not counted.
fn values(name: &str, tensor: Tensor, column: &Column) -> Result<ArrayRef, String> {
    let (shape, found) = tensor.into_parts();
    let (leaf, depth) = leaf_of(&column.column_type);
    let fits = match shape.as_slice() {
        [_, 1] if depth == 0 => true,
        shape => shape.len() == depth + 1,
    };
    if !fits {
        let expected = vec!["-1"; depth + 1].join(", ");
        return Err(format!("input '{name}' has shape {shape:?}, expected [{expected}]"));
    }
    let Some(dtype) = dtype_of(leaf, found.dtype()) else {
        return Err(format!("input '{name}' is a column of objects, which no tensor holds"));
    };
    let elements = elements(name, &shape, found, dtype)?;
    array(name, &shape, elements, &column.column_type)
}

/// The type inside of lists, and how many are around it.
fn leaf_of(column_type: &ColumnType) -> (&ColumnType, usize) {
    let (mut leaf, mut depth) = (column_type, 0);
    while let ColumnType::Array(items) = leaf {
        (leaf, depth) = (items, depth + 1);
    }
    (leaf, depth)
}

fn table(schema: &SchemaRef, arrays: Vec<ArrayRef>, n_rows: usize) -> Result<RecordBatch, String> {
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::oip::inputs;
    use crate::protocols::oip::interface::samples::{column, of_columns};
    use crate::{Batch, Elements};
    use arrow::array::AsArray;
    use arrow::datatypes::{Float64Type, Int64Type, TimestampNanosecondType};

    fn input(name: &str, shape: &[usize], elements: Elements) -> (String, Tensor) {
        (name.to_owned(), Tensor::new(shape.to_vec(), elements).unwrap())
    }

    fn meet(inputs: Vec<(String, Tensor)>, columns: Vec<Column>) -> Result<RecordBatch, String> {
        match inputs::batch(inputs, &of_columns(columns)) {
            Ok(Batch::Columns(table)) => Ok(table),
            Ok(Batch::Tensors(_)) => Err("tensors".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn texts(values: &[&str]) -> Elements {
        Elements::Bytes(values.iter().map(|value| value.as_bytes().to_vec()).collect())
    }

    #[test]
    fn each_column_has_its_tensor_in_any_order() {
        let columns = vec![column("age", ColumnType::Double), column("city", ColumnType::String)];
        let inputs = vec![
            input("city", &[2, 1], texts(&["Bern", "Rome"])),
            input("age", &[2], Elements::Int64(vec![3, 4])),
        ];
        let table = meet(inputs, columns).unwrap();
        assert_eq!(table.column(0).as_primitive::<Float64Type>().values(), &[3.0, 4.0]);
        assert_eq!(table.column(1).as_string::<i32>().value(1), "Rome");
    }

    #[test]
    fn a_matrix_is_all_columns_of_one_number_type() {
        let columns = || vec![column("a", ColumnType::Double), column("b", ColumnType::Double)];
        let values = Elements::Fp64(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let table = meet(vec![input("x", &[3, 2], values)], columns()).unwrap();
        assert_eq!(table.column(1).as_primitive::<Float64Type>().values(), &[2.0, 4.0, 6.0]);
        let narrow = meet(vec![input("x", &[1, 3], Elements::Fp64(vec![0.0; 3]))], columns()).unwrap_err();
        assert_eq!(narrow, "input 'x' has 3 columns, expected 2");
        let mixed = vec![column("a", ColumnType::Double), column("b", ColumnType::String)];
        let error = meet(vec![input("x", &[1, 2], Elements::Fp64(vec![0.0; 2]))], mixed).unwrap_err();
        assert!(error.contains("several types; send one tensor for each: a, b"), "{error}");
    }

    #[test]
    fn columns_without_names_are_called_by_their_position() {
        let nameless = |column_type| Column { name: None, column_type, required: true };
        let columns = || vec![nameless(ColumnType::Long), nameless(ColumnType::String)];
        let long = |name| input(name, &[1], Elements::Int64(vec![1]));
        let table = meet(vec![input("input-1", &[1], texts(&["a"])), long("input-0")], columns()).unwrap();
        assert_eq!(table.column(0).as_primitive::<Int64Type>().values(), &[1]);
        let error = meet(vec![long("x")], columns()).unwrap_err();
        assert_eq!(
            error,
            "input 'input-0' is missing and input 'x' is unknown; the model takes input-0, input-1"
        );
    }

    #[test]
    fn the_only_column_has_its_name_as_any_other() {
        let one = |name| vec![input(name, &[2, 1], Elements::Int64(vec![1, 2]))];
        assert!(meet(one("a"), vec![column("a", ColumnType::Long)]).is_ok());
        let error = meet(one("b"), vec![column("a", ColumnType::Long)]).unwrap_err();
        assert_eq!(error, "input 'a' is missing and input 'b' is unknown; the model takes a");
    }

    #[test]
    fn only_optional_columns_may_be_missing() {
        let optional = Column { required: false, ..column("b", ColumnType::Long) };
        let columns = || vec![column("a", ColumnType::Long), optional.clone()];
        let table = meet(vec![input("a", &[1], Elements::Int64(vec![1]))], columns()).unwrap();
        assert_eq!(table.column(1).null_count(), 1);
        let error = meet(vec![input("b", &[1], Elements::Int64(vec![1]))], columns()).unwrap_err();
        assert_eq!(error, "input 'a' is missing; the model takes a, b");
    }

    #[test]
    fn what_does_not_fit_names_input_element_and_types() {
        let columns = || vec![column("a", ColumnType::Integer)];
        let error = meet(vec![input("a", &[1], Elements::Int64(vec![1]))], columns()).unwrap_err();
        assert_eq!(error, "input 'a' is INT64, expected INT32");
        let error = meet(vec![input("a", &[1, 2], Elements::Int32(vec![1; 2]))], columns()).unwrap_err();
        assert_eq!(error, "input 'a' has shape [1, 2], expected [-1]");
        let doubles = vec![column("a", ColumnType::Double)];
        let error = meet(vec![input("a", &[2], Elements::Int64(vec![1, i64::MAX]))], doubles).unwrap_err();
        assert_eq!(error, "input 'a' element [1]: 9223372036854775807 of INT64 is not exact as FP64");
        let strings = vec![column("a", ColumnType::String)];
        let broken = Elements::Bytes(vec![b"ok".to_vec(), vec![0xff]]);
        let error = meet(vec![input("a", &[2], broken)], strings).unwrap_err();
        assert_eq!(error, "input 'a' element [1]: the bytes are no UTF-8 text");
    }

    #[test]
    fn lists_dates_and_json_have_a_form_as_tensors() {
        let list = column("a", ColumnType::Array(Box::new(ColumnType::Double)));
        let table =
            meet(vec![input("a", &[2, 2], Elements::Fp64(vec![1.0, 2.0, 3.0, 4.0]))], vec![list]).unwrap();
        let second = table.column(0).as_list::<i32>().value(1);
        assert_eq!(second.as_primitive::<Float64Type>().values(), &[3.0, 4.0]);
        let date = || vec![column("a", ColumnType::Datetime)];
        let table = meet(vec![input("a", &[1], texts(&["1970-01-01T00:00:01"]))], date()).unwrap();
        assert_eq!(table.column(0).as_primitive::<TimestampNanosecondType>().values(), &[1_000_000_000]);
        let table = meet(vec![input("a", &[1], Elements::Int64(vec![5]))], date()).unwrap();
        assert_eq!(table.column(0).as_primitive::<TimestampNanosecondType>().values(), &[5]);
        let error = meet(vec![input("a", &[1], texts(&["soon"]))], date()).unwrap_err();
        assert_eq!(error, "input 'a' element [0]: 'soon' is no date and time");
        let any = vec![column("a", ColumnType::Any)];
        let error = meet(vec![input("a", &[1], texts(&["{"]))], any).unwrap_err();
        assert_eq!(error, "input 'a' element [0]: the text is no JSON");
    }
}
