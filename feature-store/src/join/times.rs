//! Times as microseconds, UTC. Those of the spine are rounded down and those of features up: what is rounded is never seen
//! too early.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};

use super::error::JoinError;

/// What becomes of a part of a microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    Down,
    Up,
}

/// How long one step of a column of times is.
enum Step {
    /// So many microseconds.
    Micros(i64),
    /// The thousandth part of one.
    Nanosecond,
}

const DAY: i64 = 86_400_000_000;

impl Step {
    fn of(kind: &DataType) -> Option<Self> {
        Some(match kind {
            DataType::Timestamp(TimeUnit::Second, _) => Step::Micros(1_000_000),
            DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Date64 => Step::Micros(1_000),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Step::Micros(1),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Step::Nanosecond,
            DataType::Date32 => Step::Micros(DAY),
            _ => return None,
        })
    }
}

/// Whether a column has times.
///
/// # Errors
/// It has something else.
pub(crate) fn check(name: &str, kind: &DataType) -> Result<(), JoinError> {
    let other = || JoinError::column(name, format!("it is {kind}, and times are timestamps or dates"));
    Step::of(kind).map(drop).ok_or_else(other)
}

/// The times of a column.
///
/// # Errors
/// It has none, or one that is too far away for microseconds.
pub(crate) fn micros(name: &str, column: &ArrayRef, rounding: Rounding) -> Result<Int64Array, JoinError> {
    check(name, column.data_type())?;
    let steps = steps(column);
    match Step::of(column.data_type()) {
        Some(Step::Nanosecond) => Ok(match rounding {
            Rounding::Down => steps.unary(|step| step.div_euclid(1_000)),
            Rounding::Up => {
                steps.unary(|step| step.div_euclid(1_000) + i64::from(step.rem_euclid(1_000) != 0))
            }
        }),
        Some(Step::Micros(1)) | None => Ok(steps),
        Some(Step::Micros(micros)) => steps.try_unary(|step| {
            let far = || JoinError::column(name, format!("the time {step} is too far away for microseconds"));
            step.checked_mul(micros).ok_or_else(far)
        }),
    }
}

/// The numbers behind times, in their own unit.
fn steps(column: &ArrayRef) -> Int64Array {
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            column.as_primitive::<TimestampSecondType>().reinterpret_cast()
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            column.as_primitive::<TimestampMillisecondType>().reinterpret_cast()
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            column.as_primitive::<TimestampMicrosecondType>().reinterpret_cast()
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            column.as_primitive::<TimestampNanosecondType>().reinterpret_cast()
        }
        DataType::Date64 => column.as_primitive::<Date64Type>().reinterpret_cast(),
        DataType::Date32 => column.as_primitive::<Date32Type>().unary(i64::from),
        _ => Int64Array::new_null(column.len()),
    }
}

/// The last value of a column of that type whose time, rounded up, is at most so many microseconds; none where all are.
pub(crate) fn at_most(kind: &DataType, micros: i64) -> Option<ArrayRef> {
    let step = match Step::of(kind)? {
        Step::Micros(step) => micros.div_euclid(step),
        Step::Nanosecond => micros.checked_mul(1_000)?,
    };
    value(kind, step)
}

/// The first value of a column of that type whose time, rounded up, is at least so many microseconds; none where all are.
pub(crate) fn at_least(kind: &DataType, micros: i64) -> Option<ArrayRef> {
    let step = match Step::of(kind)? {
        Step::Micros(step) => -(-i128::from(micros)).div_euclid(i128::from(step)),
        Step::Nanosecond => (i128::from(micros) - 1) * 1_000 + 1,
    };
    value(kind, i64::try_from(step).ok()?)
}

fn value(kind: &DataType, step: i64) -> Option<ArrayRef> {
    if *kind == DataType::Date32 {
        let day = i32::try_from(step).ok()?;
        return Some(Arc::new(arrow::array::Date32Array::from(vec![day])));
    }
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![step]));
    cast(&numbers, kind).ok().filter(|value| value.len() == 1 && !value.is_null(0))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, StringArray, TimestampNanosecondArray, TimestampSecondArray};

    use super::*;

    fn array(column: impl arrow::array::Array + 'static) -> ArrayRef {
        Arc::new(column)
    }

    #[test]
    fn parts_of_a_microsecond_are_never_seen_too_early() {
        let nanos = array(TimestampNanosecondArray::from(vec![Some(1_001), None, Some(-1_001), Some(2_000)]));
        let down: Vec<_> = micros("t", &nanos, Rounding::Down).unwrap().iter().collect();
        let up: Vec<_> = micros("t", &nanos, Rounding::Up).unwrap().iter().collect();
        assert_eq!(down, [Some(1), None, Some(-2), Some(2)]);
        assert_eq!(up, [Some(2), None, Some(-1), Some(2)]);
    }

    #[test]
    fn a_date_is_its_midnight_and_a_time_too_far_away_is_named() {
        let days = array(Date32Array::from(vec![1, -1]));
        assert_eq!(micros("d", &days, Rounding::Up).unwrap().values().to_vec(), [DAY, -DAY]);
        let far = array(TimestampSecondArray::from(vec![i64::MAX / 2]));
        let error = micros("t", &far, Rounding::Up).unwrap_err().to_string();
        assert_eq!(error, format!("column 't': the time {} is too far away for microseconds", i64::MAX / 2));
        let text = array(StringArray::from(vec!["2013-01-01"]));
        let error = micros("t", &text, Rounding::Up).unwrap_err().to_string();
        assert_eq!(error, "column 't': it is Utf8, and times are timestamps or dates");
    }

    #[test]
    fn bounds_are_those_of_the_rounded_times() {
        for unit in [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond] {
            let kind = DataType::Timestamp(unit, Some("+01:00".into()));
            for wanted in [-3_000_001, -3_000_000, -1, 0, 1, 999_999, 1_000_000, 1_000_001] {
                let (last, first) = (at_most(&kind, wanted).unwrap(), at_least(&kind, wanted).unwrap());
                let time = |column: &ArrayRef| micros("t", column, Rounding::Up).unwrap().value(0);
                assert!(time(&last) <= wanted && time(&first) >= wanted, "{kind} {wanted}");
                let step = |column: &ArrayRef, by: i64| {
                    let moved: Int64Array = steps(column).unary(|step| step + by);
                    let moved: ArrayRef = Arc::new(moved);
                    time(&cast(&moved, &kind).unwrap())
                };
                assert!(step(&last, 1) > wanted && step(&first, -1) < wanted, "{kind} {wanted}");
            }
        }
    }
}
