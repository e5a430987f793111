//! Tensors out of a table: one for each column, or one of all values when the model's only input has no name.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use half::{bf16, f16};

use super::arrays::{Cells, Unfit, exact, widening};
use super::{ByName, Casts, input_label};
use crate::for_elements;
use crate::model::cell::{Cell, FromCell};
use crate::model::dtype::DType;
use crate::model::misfit::{self, Misfit};
use crate::model::signature::TensorField;
use crate::model::tensor::{Elements, Tensor};
use crate::model::tensor_builder::{check_shape, empty, shape_of};
use crate::model::widening::Widening;

/// The tensors of a table.
pub(super) fn conform(
    table: &RecordBatch,
    fields: &[TensorField],
    casts: Casts,
) -> Result<Vec<(String, Tensor)>, Misfit> {
    if let [field] = fields
        && field.name.is_none()
    {
        let tensor = unnamed(table, field, casts).map_err(Misfit::of)?;
        return Ok(vec![(String::new(), tensor)]);
    }
    let by_name = ByName::new(table);
    let (mut tensors, mut problems, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for field in fields {
        let name = field.name.as_deref().unwrap_or_default();
        match by_name.find(name) {
            Err(problem) => problems.push(problem),
            Ok(None) => missing.push(name),
            Ok(Some(array)) => match one(array, field, casts) {
                Ok(tensor) => tensors.push((name.to_owned(), tensor)),
                Err(unfit) => problems.push(unfit.to_problem(&format!("column '{name}'"))),
            },
        }
    }
    if !missing.is_empty() {
        problems.insert(0, misfit::missing(&missing, &[]));
    }
    Misfit::none(problems)?;
    Ok(tensors)
}

/// Whether the columns of an empty table can become the tensors.
pub(super) fn check(empty: &RecordBatch, fields: &[TensorField]) -> Result<(), Misfit> {
    let is_unnamed = matches!(fields, [field] if field.name.is_none());
    let mut problems = Vec::new();
    if is_unnamed && empty.num_columns() > 1 {
        let field = &fields[0];
        if let Err(error) = check_width(empty.num_columns(), field) {
            problems.push(format!("{}: {error}", input_label(field)));
        }
        for (column, array) in empty.schema_ref().fields().iter().zip(empty.columns()) {
            if let Err(unfit) = elements(array, field.dtype, Casts::Strict) {
                problems.push(unfit.to_problem(&format!("column '{}'", column.name())));
            }
        }
        return Misfit::none(problems);
    }
    conform(empty, fields, Casts::Strict).map(drop)
}

/// All values of the table, row by row; or those of its only column.
fn unnamed(table: &RecordBatch, field: &TensorField, casts: Casts) -> Result<Tensor, String> {
    if let [array] = table.columns() {
        return one(array, field, casts).map_err(|unfit| unfit.to_problem("column 0"));
    }
    let n_columns = table.num_columns();
    check_width(n_columns, field).map_err(|error| format!("{}: {error}", input_label(field)))?;
    let mut columns = Vec::with_capacity(n_columns);
    for (column, array) in table.schema_ref().fields().iter().zip(table.columns()) {
        let label = format!("column '{}'", column.name());
        columns.push(elements(array, field.dtype, casts).map_err(|unfit| unfit.to_problem(&label))?);
    }
    let elements = interleaved(columns, table.num_rows(), field.dtype);
    let tensor =
        Tensor::new(vec![table.num_rows(), n_columns], elements).map_err(|error| error.to_string())?;
    check_shape(tensor.shape(), field)?;
    Ok(tensor)
}

fn check_width(n_columns: usize, field: &TensorField) -> Result<(), String> {
    match field.shape[..] {
        [_, width] if width.is_none_or(|width| width == n_columns) => Ok(()),
        _ => Err(format!("a table of {n_columns} columns, where a shape of {} is expected", shape_of(field))),
    }
}

/// The tensor of one column: its values, or its lists in the shape that is expected of a row.
fn one(array: &ArrayRef, field: &TensorField, casts: Casts) -> Result<Tensor, Unfit> {
    let (values, inner) = flattened(array)?;
    let elements = elements(&values, field.dtype, casts).map_err(|unfit| match unfit {
        Unfit::Value { row, reason } => Unfit::Value { row: row / inner.max(1), reason },
        other => other,
    })?;
    let n_rows = array.len();
    let shape = row_shape(field, inner, n_rows).ok_or_else(|| {
        let expected = shape_of(field);
        Unfit::Whole(format!("{inner} values in a row, where a shape of {expected} is expected"))
    })?;
    Tensor::new(shape, elements).map_err(|error| Unfit::Whole(error.to_string()))
}

/// The shape of so many rows of so many values; at most one dimension of a row may be of any length.
fn row_shape(field: &TensorField, n_values: usize, n_rows: usize) -> Option<Vec<usize>> {
    let (first, inner) = field.shape.split_first()?;
    let known = inner.iter().flatten().try_fold(1_usize, |product, length| product.checked_mul(*length))?;
    let n_unknown = inner.iter().filter(|length| length.is_none()).count();
    let fits = match n_unknown {
        0 => known == n_values || n_rows == 0,
        1 => known > 0 && n_values.is_multiple_of(known),
        _ => false,
    };
    if !fits || first.is_some_and(|length| length != n_rows) {
        return None;
    }
    let rest = inner.iter().map(|length| length.unwrap_or(n_values.checked_div(known).unwrap_or(0)));
    Some(std::iter::once(n_rows).chain(rest).collect())
}

/// The values in the lists of a column, all of which are as long, and how long.
fn flattened(array: &ArrayRef) -> Result<(ArrayRef, usize), Unfit> {
    let item = match array.data_type() {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => item.data_type().clone(),
        _ => return Ok((array.clone(), 1)),
    };
    let array = cast(array, &DataType::new_list(item, true))?;
    let lists = array.as_list::<i32>();
    let offsets = lists.value_offsets();
    let lengths = || offsets.windows(2).map(|pair| usize::try_from(pair[1] - pair[0]).unwrap_or(0));
    let expected = lengths().next().unwrap_or(0);
    let odd = lengths().enumerate().find(|(row, length)| *length != expected || lists.is_null(*row));
    if let Some((row, length)) = odd {
        return Err(Unfit::Value {
            row,
            reason: format!("a list of {length}, where the others have {expected}"),
        });
    }
    let start = offsets.first().and_then(|start| usize::try_from(*start).ok()).unwrap_or(0);
    let values = lists.values().slice(start, expected * lists.len());
    let (values, inner) = flattened(&values)?;
    Ok((values, expected * inner))
}

/// The Arrow type that holds elements of a type. BF16 has none, and a single is wider.
fn arrow_of(dtype: DType) -> DataType {
    match dtype {
        DType::Bool => DataType::Boolean,
        DType::Uint8 => DataType::UInt8,
        DType::Uint16 => DataType::UInt16,
        DType::Uint32 => DataType::UInt32,
        DType::Uint64 => DataType::UInt64,
        DType::Int8 => DataType::Int8,
        DType::Int16 => DataType::Int16,
        DType::Int32 => DataType::Int32,
        DType::Int64 => DataType::Int64,
        DType::Fp16 => DataType::Float16,
        DType::Bf16 | DType::Fp32 => DataType::Float32,
        DType::Fp64 => DataType::Float64,
        DType::Bytes => DataType::Utf8,
    }
}

/// The elements of a column of scalars.
fn elements(array: &ArrayRef, dtype: DType, casts: Casts) -> Result<Elements, Unfit> {
    let to = arrow_of(dtype);
    let unfit =
        || Unfit::Type { found: array.data_type().to_string(), expected: dtype.numpy_name().to_owned() };
    let array = match array.data_type() {
        from if *from == to => array.clone(),
        DataType::Null => new_null_array(&to, array.len()),
        DataType::Dictionary(_, values) => return elements(&cast(array, values)?, dtype, casts),
        DataType::LargeUtf8 | DataType::Utf8View if dtype == DType::Bytes => cast(array, &to)?,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView if dtype == DType::Bytes => {
            return bytes(&cast(array, &DataType::Binary)?);
        }
        from => match widening(from, &to) {
            Some(Widening::Always) => cast(array, &to)?,
            Some(Widening::IfExact) => exact(array, &to, &dtype.numpy_name())?,
            None if casts == Casts::Lossless => return by_value(array, dtype),
            None => return Err(unfit()),
        },
    };
    by_value(&array, dtype)
}

fn bytes(array: &ArrayRef) -> Result<Elements, Unfit> {
    let values = array.as_binary::<i32>().iter().enumerate().map(|(row, value)| {
        value
            .map(<[u8]>::to_vec)
            .ok_or_else(|| Unfit::Value { row, reason: "null, where bytes are expected".to_owned() })
    });
    values.collect::<Result<_, _>>().map(Elements::Bytes)
}

/// Casts the values one by one; null is NaN, and nothing where there is none.
fn by_value(array: &ArrayRef, dtype: DType) -> Result<Elements, Unfit> {
    if let Some(elements) = shared(array, dtype) {
        return Ok(elements);
    }
    let expected = dtype.numpy_name();
    let Some(cells) = Cells::of(array)? else {
        return Err(Unfit::Type { found: array.data_type().to_string(), expected: expected.to_owned() });
    };
    let mut elements = empty(dtype, cells.len());
    for row in 0..cells.len() {
        let cell = cells.get(row);
        if !for_elements!(&mut elements, values => push(values, cell)) {
            return Err(Unfit::Value { row, reason: format!("{cell} is not a value of type {expected}") });
        }
    }
    Ok(elements)
}

/// The elements of a column that has just their type, in one copy.
fn shared(array: &ArrayRef, dtype: DType) -> Option<Elements> {
    use arrow::datatypes as types;
    if array.null_count() > 0 {
        return None;
    }
    Some(match (dtype, array.data_type()) {
        (DType::Fp32, DataType::Float32) => {
            Elements::Fp32(array.as_primitive::<types::Float32Type>().values().to_vec())
        }
        (DType::Fp64, DataType::Float64) => {
            Elements::Fp64(array.as_primitive::<types::Float64Type>().values().to_vec())
        }
        (DType::Int64, DataType::Int64) => {
            Elements::Int64(array.as_primitive::<types::Int64Type>().values().to_vec())
        }
        (DType::Int32, DataType::Int32) => {
            Elements::Int32(array.as_primitive::<types::Int32Type>().values().to_vec())
        }
        _ => return None,
    })
}

fn push<T: FromCell>(values: &mut Vec<T>, cell: Cell<'_>) -> bool {
    T::from_cell(cell).map(|value| values.push(value)).is_some()
}

/// Columns of one type as rows.
fn interleaved(columns: Vec<Elements>, n_rows: usize, dtype: DType) -> Elements {
    let mut rows = empty(dtype, columns.len() * n_rows);
    for_elements!(&mut rows, rows => {
        let mut sources: Vec<_> = columns.into_iter().map(|column| taken(column, rows).into_iter()).collect();
        for _ in 0..n_rows {
            for source in &mut sources {
                rows.extend(source.next());
            }
        }
    });
    rows
}

/// The vector of elements that are of the type of another vector.
fn taken<T: Taken>(elements: Elements, _like: &[T]) -> Vec<T> {
    T::taken(elements)
}

/// A type of elements.
trait Taken: Sized {
    /// The vector of elements of this type; empty for others.
    fn taken(elements: Elements) -> Vec<Self>;
}

/// Each type with its kind of elements.
macro_rules! taken {
    ($($variant:ident $element:ty),*) => {
        $(impl Taken for $element {
            fn taken(elements: Elements) -> Vec<Self> {
                if let Elements::$variant(values) = elements { values } else { Vec::new() }
            }
        })*
    };
}

taken!(Bool bool, Uint8 u8, Uint16 u16, Uint32 u32, Uint64 u64, Int8 i8, Int16 i16, Int32 i32, Int64 i64);
taken!(Fp16 f16, Bf16 bf16, Fp32 f32, Fp64 f64, Bytes Vec<u8>);
