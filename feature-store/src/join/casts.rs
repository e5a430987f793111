//! Values in the types that definitions say. A key becomes another type only where it stays the same value.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{CastOptions, cast_with_options, is_not_null};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::error::JoinError;
use super::times::{self, Rounding};
use crate::model::value_type::ValueType;

/// A column of keys.
///
/// # Errors
/// A value would become another one, or none.
pub(crate) fn key(name: &str, column: &ArrayRef, kind: &ValueType) -> Result<ArrayRef, JoinError> {
    let wanted = kind.arrow();
    if *column.data_type() == wanted {
        return Ok(Arc::clone(column));
    }
    let never = || {
        let reason = format!("it is {}, and the key is {kind}", column.data_type());
        JoinError::column(name, reason)
    };
    // How a number with a fraction is written is not one thing.
    if column.data_type().is_floating() && wanted == DataType::Utf8 {
        return Err(never());
    }
    let loose = CastOptions { safe: true, ..CastOptions::default() };
    let values = cast_with_options(column, &wanted, &loose).map_err(|_| never())?;
    let back = cast_with_options(&values, column.data_type(), &loose).map_err(|_| never())?;
    match first(&distinct(column, &back)?) {
        None => Ok(values),
        Some(row) => Err(JoinError::column(name, format!("the key {} is no {kind}", shown(column, row)))),
    }
}

/// A column of features, or of values that a request brings. Parts of a microsecond are dropped, and a float may be rounded
/// to a shorter one; no other number becomes another one.
///
/// # Errors
/// A value is none of that type.
pub(crate) fn feature(name: &str, column: &ArrayRef, kind: &ValueType) -> Result<ArrayRef, JoinError> {
    let wanted = kind.arrow();
    if *column.data_type() == wanted {
        return Ok(Arc::clone(column));
    }
    if *kind == ValueType::Timestamp && times::check(name, column.data_type()).is_ok() {
        let values: ArrayRef = Arc::new(times::micros(name, column, Rounding::Down)?);
        return Ok(cast_with_options(&values, &wanted, &CastOptions::default())?);
    }
    let never = || {
        let reason = format!("it is {}, and the feature is {kind}", column.data_type());
        JoinError::column(name, reason)
    };
    let loose = CastOptions { safe: true, ..CastOptions::default() };
    let values = cast_with_options(column, &wanted, &loose).map_err(|_| never())?;
    let is_rounded = column.data_type().is_floating() && wanted.is_floating();
    let other = if column.data_type().is_numeric() && !is_rounded {
        let back = cast_with_options(&values, column.data_type(), &loose).map_err(|_| never())?;
        first(&distinct(column, &back)?)
    } else if values.logical_null_count() == column.logical_null_count() {
        None
    } else {
        first(&distinct(&is_not_null(column)?, &is_not_null(&values)?)?)
    };
    match other {
        None => Ok(values),
        Some(row) => Err(JoinError::column(name, format!("the value {} is no {kind}", shown(column, row)))),
    }
}

fn first(is_so: &BooleanArray) -> Option<usize> {
    is_so.iter().position(|is_so| is_so == Some(true))
}

fn shown(column: &ArrayRef, row: usize) -> String {
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::new());
    formatter.map_or_else(|_| "of a row".to_owned(), |formatter| format!("'{}'", formatter.value(row)))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array, StringArray, TimestampNanosecondArray};

    use super::*;

    fn wrong(column: impl Array + 'static, kind: &ValueType) -> String {
        let column: ArrayRef = Arc::new(column);
        key("id", &column, kind).unwrap_err().to_string()
    }

    #[test]
    fn a_key_that_would_become_another_value_is_named() {
        let text = |values: &[&str]| StringArray::from(values.to_vec());
        assert_eq!(wrong(text(&["7", "007"]), &ValueType::Int64), "column 'id': the key '007' is no int64");
        assert_eq!(
            wrong(Float64Array::from(vec![1.0, 1.5]), &ValueType::Int64),
            "column 'id': the key '1.5' is no int64"
        );
        assert_eq!(
            wrong(Float64Array::from(vec![f64::NAN]), &ValueType::Int64),
            "column 'id': the key 'NaN' is no int64"
        );
        let large = Int64Array::from(vec![Some(1), None, Some(3_000_000_000)]);
        assert_eq!(wrong(large, &ValueType::Int32), "column 'id': the key '3000000000' is no int32");
        let number = Float64Array::from(vec![1.0]);
        assert_eq!(wrong(number, &ValueType::String), "column 'id': it is Float64, and the key is string");
        let nanos = TimestampNanosecondArray::from(vec![1]);
        assert!(wrong(nanos, &ValueType::Timestamp).ends_with("is no timestamp"));
    }

    #[test]
    fn a_key_of_another_type_and_the_same_value_is_found() {
        let column: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
        let keys = key("id", &column, &ValueType::Int64).unwrap();
        assert_eq!(keys.as_ref(), &Int64Array::from(vec![Some(1), None]) as &dyn Array);
    }

    #[test]
    fn a_feature_that_is_no_value_of_its_type_is_named() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![None, Some(3_000_000_000)]));
        let error = feature("n", &column, &ValueType::Int32).unwrap_err().to_string();
        assert_eq!(error, "column 'n': the value '3000000000' is no int32");
        let column: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(1.5)]));
        let error = feature("n", &column, &ValueType::Int64).unwrap_err().to_string();
        assert_eq!(error, "column 'n': the value '1.5' is no int64");
        let column: ArrayRef = Arc::new(Int64Array::from(vec![(1 << 53) + 1]));
        let error = feature("n", &column, &ValueType::Float64).unwrap_err().to_string();
        assert_eq!(error, "column 'n': the value '9007199254740993' is no float64");
        let column: ArrayRef = Arc::new(Float64Array::from(vec![0.1]));
        assert!(feature("n", &column, &ValueType::Float32).is_ok());
    }
}
