//! Casts of whole columns that keep every value.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, ListArray, MapArray, StructArray,
    new_null_array,
};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int64Type, UInt64Type};
use arrow::error::ArrowError;

use super::Casts;
use crate::model::cell::Cell;
use crate::model::column_builder::ColumnBuilder;
use crate::model::dtype::DType;
use crate::model::signature::{Column, ColumnType};
use crate::model::widening::{self, Widening};

/// Why a column does not fit.
#[derive(Debug)]
pub(super) enum Unfit {
    /// Its type is another.
    Type { found: String, expected: String },
    /// One of its values would become another.
    Value { row: usize, reason: String },
    /// Something about the column as a whole.
    Whole(String),
}

impl Unfit {
    pub(super) fn to_problem(&self, label: &str) -> String {
        match self {
            Unfit::Type { found, expected } => {
                format!("{label}: it is of type {found}, where {expected} is expected")
            }
            Unfit::Value { row, reason } => format!("{label}, row {row}: {reason}"),
            Unfit::Whole(reason) => format!("{label}: {reason}"),
        }
    }

    fn of_type(array: &dyn Array, expected: &ColumnType) -> Self {
        Unfit::Type { found: array.data_type().to_string(), expected: expected.to_string() }
    }
}

impl From<ArrowError> for Unfit {
    fn from(error: ArrowError) -> Self {
        Unfit::Whole(error.to_string())
    }
}

/// The column in the type of a signature's. A required column of floats has NaN for null, and of others
/// only texts have nulls.
pub(super) fn conform(
    array: &ArrayRef,
    column_type: &ColumnType,
    required: bool,
    casts: Casts,
) -> Result<ArrayRef, Unfit> {
    let array = typed(array, column_type, casts)?;
    if !required || array.null_count() == 0 || column_type.takes_null() {
        return Ok(array);
    }
    match array.data_type() {
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().iter().map(|value| value.unwrap_or(f32::NAN));
            Ok(Arc::new(Float32Array::from_iter_values(values)))
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().iter().map(|value| value.unwrap_or(f64::NAN));
            Ok(Arc::new(Float64Array::from_iter_values(values)))
        }
        _ => {
            let row = (0..array.len()).find(|row| array.is_null(*row)).unwrap_or(0);
            Err(Unfit::Value {
                row,
                reason: format!("null, where a value of type {column_type} is required"),
            })
        }
    }
}

fn typed(array: &ArrayRef, column_type: &ColumnType, casts: Casts) -> Result<ArrayRef, Unfit> {
    use DataType as Arrow;
    let to = column_type.arrow();
    if *array.data_type() == to && !matches!(column_type, ColumnType::Any) {
        return Ok(Arc::clone(array));
    }
    match (array.data_type(), column_type) {
        (Arrow::Null, _) => Ok(new_null_array(&to, array.len())),
        (Arrow::Dictionary(_, values), _) => typed(&cast(array, values)?, column_type, casts),
        (Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View, ColumnType::String)
        | (Arrow::LargeBinary | Arrow::BinaryView | Arrow::FixedSizeBinary(_), ColumnType::Binary)
        | (
            Arrow::Decimal32(..) | Arrow::Decimal64(..) | Arrow::Decimal128(..) | Arrow::Decimal256(..),
            ColumnType::Double,
        ) => Ok(cast(array, &to)?),
        (Arrow::Timestamp(_, None) | Arrow::Date32 | Arrow::Date64, ColumnType::Datetime) => {
            exact(array, &to, column_type)
        }
        // Whatever its zone is, it counts from the epoch in UTC.
        (Arrow::Timestamp(unit, Some(_)), ColumnType::Datetime) => {
            exact(&cast(array, &Arrow::Timestamp(*unit, None))?, &to, column_type)
        }
        (
            Arrow::List(_)
            | Arrow::LargeList(_)
            | Arrow::FixedSizeList(..)
            | Arrow::ListView(_)
            | Arrow::LargeListView(_),
            ColumnType::Array(items),
        ) => list(array, items, casts),
        (Arrow::Struct(_), ColumnType::Object(columns)) => object(array.as_struct(), columns, casts),
        (Arrow::Map(..), ColumnType::Map(values)) => map(array.as_map(), values, casts),
        (from, _) => match widening(from, &to) {
            Some(Widening::Always) => Ok(cast(array, &to)?),
            Some(Widening::IfExact) => exact(array, &to, column_type),
            None if casts == Casts::Lossless => by_value(array, column_type),
            None => Err(Unfit::of_type(array, column_type)),
        },
    }
}

/// The type of a tensor's elements that an Arrow type of numbers is.
fn number(data_type: &DataType) -> Option<DType> {
    Some(match data_type {
        DataType::Int8 => DType::Int8,
        DataType::Int16 => DType::Int16,
        DataType::Int32 => DType::Int32,
        DataType::Int64 => DType::Int64,
        DataType::UInt8 => DType::Uint8,
        DataType::UInt16 => DType::Uint16,
        DataType::UInt32 => DType::Uint32,
        DataType::UInt64 => DType::Uint64,
        DataType::Float16 => DType::Fp16,
        DataType::Float32 => DType::Fp32,
        DataType::Float64 => DType::Fp64,
        _ => return None,
    })
}

/// How a type of numbers widens to another; none where it does not.
pub(super) fn widening(from: &DataType, to: &DataType) -> Option<Widening> {
    widening::widening(number(from)?, number(to)?)
}

/// Casts, and back again to see that every value is still the same.
pub(super) fn exact(
    array: &ArrayRef,
    to: &DataType,
    expected: &dyn std::fmt::Display,
) -> Result<ArrayRef, Unfit> {
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let wide = cast_with_options(array, to, &options)?;
    let back = cast_with_options(&wide, array.data_type(), &options)?;
    let differs: BooleanArray = distinct(array, &back)?;
    match differs.values().set_indices().next() {
        None => Ok(wide),
        Some(row) => {
            let value = shown(&array.slice(row, 1))?;
            Err(Unfit::Value { row, reason: format!("{value} is not a value of type {expected}") })
        }
    }
}

/// An only value as text; a moment beyond all calendars as the number that it is.
fn shown(value: &ArrayRef) -> Result<String, ArrowError> {
    let text =
        cast(value, &DataType::Utf8).or_else(|_| cast(&cast(value, &DataType::Int64)?, &DataType::Utf8))?;
    Ok(text.as_string::<i32>().value(0).to_owned())
}

/// The values of a column one by one.
pub(super) struct Cells(ArrayRef);

impl Cells {
    /// None for a column of lists, objects and the like.
    pub(super) fn of(array: &ArrayRef) -> Result<Option<Self>, Unfit> {
        let to = match array.data_type() {
            DataType::Boolean => DataType::Boolean,
            DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
            other if other.is_signed_integer() => DataType::Int64,
            other if other.is_unsigned_integer() => DataType::UInt64,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => DataType::Float64,
            _ => return Ok(None),
        };
        Ok(Some(Cells(cast(array, &to)?)))
    }

    /// The value of a row.
    pub(super) fn get(&self, row: usize) -> Cell<'_> {
        if self.0.is_null(row) {
            return Cell::Null;
        }
        match self.0.data_type() {
            DataType::Boolean => Cell::Bool(self.0.as_boolean().value(row)),
            DataType::Int64 => Cell::Int(self.0.as_primitive::<Int64Type>().value(row).into()),
            DataType::UInt64 => Cell::Int(self.0.as_primitive::<UInt64Type>().value(row).into()),
            DataType::Float64 => Cell::Float(self.0.as_primitive::<Float64Type>().value(row)),
            _ => Cell::Text(self.0.as_string::<i32>().value(row)),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn by_value(array: &ArrayRef, column_type: &ColumnType) -> Result<ArrayRef, Unfit> {
    let Some(cells) = Cells::of(array)? else { return Err(Unfit::of_type(array, column_type)) };
    let mut builder = ColumnBuilder::of(column_type, false, cells.len());
    for row in 0..cells.len() {
        builder.append(cells.get(row)).map_err(|reason| Unfit::Value { row, reason })?;
    }
    builder.finish().map_err(Unfit::Whole)
}

fn list(array: &ArrayRef, items: &ColumnType, casts: Casts) -> Result<ArrayRef, Unfit> {
    let found = match array.data_type() {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::ListView(field)
        | DataType::LargeListView(field) => field.data_type().clone(),
        _ => return Err(Unfit::of_type(array, items)),
    };
    let array = cast(array, &DataType::new_list(found, true))?;
    let lists = array.as_list::<i32>();
    let row_of = |item: usize| {
        let is_before = |offset: &i32| usize::try_from(*offset).is_ok_and(|offset| offset <= item);
        lists.value_offsets().partition_point(is_before).saturating_sub(1)
    };
    let values = conform(lists.values(), items, false, casts).map_err(|unfit| match unfit {
        Unfit::Value { row, reason } => Unfit::Value { row: row_of(row), reason },
        other => other,
    })?;
    let field = Arc::new(Field::new_list_field(items.arrow(), true));
    let lists = ListArray::try_new(field, lists.offsets().clone(), values, lists.nulls().cloned())?;
    Ok(Arc::new(lists))
}

fn object(structs: &StructArray, columns: &[Column], casts: Casts) -> Result<ArrayRef, Unfit> {
    let mut arrays = Vec::with_capacity(columns.len());
    for column in columns {
        let name = column.name.as_deref().unwrap_or_default();
        let array = match structs.column_by_name(name) {
            Some(array) => conform(array, &column.column_type, column.required, casts)
                .map_err(|unfit| Unfit::Whole(unfit.to_problem(&format!("property '{name}'"))))?,
            None if column.required => return Err(Unfit::Whole(format!("property '{name}' is missing"))),
            None => new_null_array(&column.column_type.arrow(), structs.len()),
        };
        arrays.push(array);
    }
    let fields: Vec<Field> = columns.iter().map(Column::arrow).collect();
    let nulls = structs.nulls().cloned();
    Ok(Arc::new(StructArray::try_new_with_length(fields.into(), arrays, nulls, structs.len())?))
}

fn map(maps: &MapArray, values: &ColumnType, casts: Casts) -> Result<ArrayRef, Unfit> {
    let DataType::Map(entries, sorted) = ColumnType::Map(Box::new(values.clone())).arrow() else {
        return Err(Unfit::of_type(maps, values));
    };
    let DataType::Struct(fields) = entries.data_type() else { return Err(Unfit::of_type(maps, values)) };
    let keys = conform(maps.keys(), &ColumnType::String, true, casts)?;
    let values = conform(maps.values(), values, false, casts)?;
    let rows = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(entries, maps.offsets().clone(), rows, maps.nulls().cloned(), sorted)?))
}
