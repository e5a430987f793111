//! Numbers of one type as numbers of another: whatever does not lose anything, and floats rounded to shorter ones, as
//! MLflow does. This is looser than the table of `model/widening.rs`: the caller's values met the signature already, and
//! here they meet a graph, whose types the signature need not tell.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use half::{bf16, f16};

/// A type of numbers that a model takes.
pub(super) trait Target: Copy + Default {
    /// What stands for a missing value.
    const MISSING: Option<Self>;
    fn of_f64(value: f64) -> Option<Self>;
    fn of_f32(value: f32) -> Option<Self>;
    fn of_i64(value: i64) -> Option<Self>;
    fn of_u64(value: u64) -> Option<Self>;
    fn of_bool(value: bool) -> Option<Self>;
}

/// A type of numbers that callers send.
pub(super) trait Source: Copy {
    fn to<T: Target>(self) -> Option<T>;
}

macro_rules! sources {
    ($($source:ty => $of:ident),*) => {
        $(impl Source for $source {
            #[inline]
            fn to<T: Target>(self) -> Option<T> {
                T::$of(self.into())
            }
        })*
    };
}

sources!(f64 => of_f64, f32 => of_f32, f16 => of_f64, bf16 => of_f64);
sources!(i8 => of_i64, i16 => of_i64, i32 => of_i64, i64 => of_i64);
sources!(u8 => of_u64, u16 => of_u64, u32 => of_u64, u64 => of_u64, bool => of_bool);

macro_rules! floats {
    ($($target:ty, $missing:expr, $round:expr, $round_f32:expr;)*) => {
        $(impl Target for $target {
            const MISSING: Option<Self> = Some($missing);
            #[inline]
            fn of_f64(value: f64) -> Option<Self> {
                Some($round(value))
            }
            #[inline]
            fn of_f32(value: f32) -> Option<Self> {
                Some($round_f32(value))
            }
            #[inline]
            #[expect(clippy::cast_precision_loss, reason = "as a table of floats and integers does in pandas")]
            fn of_i64(value: i64) -> Option<Self> {
                Some($round(value as f64))
            }
            #[inline]
            #[expect(clippy::cast_precision_loss, reason = "as a table of floats and integers does in pandas")]
            fn of_u64(value: u64) -> Option<Self> {
                Some($round(value as f64))
            }
            #[inline]
            fn of_bool(value: bool) -> Option<Self> {
                Some($round(f64::from(u8::from(value))))
            }
        })*
    };
}

#[expect(clippy::cast_possible_truncation, reason = "floats are rounded to what the model takes")]
fn single(value: f64) -> f32 {
    value as f32
}

floats! {
    f64, f64::NAN, |value: f64| value, f64::from;
    f32, f32::NAN, single, |value: f32| value;
    f16, f16::NAN, f16::from_f64, f16::from_f32;
    bf16, bf16::NAN, bf16::from_f64, bf16::from_f32;
}

macro_rules! integers {
    ($($target:ty),*) => {
        $(impl Target for $target {
            const MISSING: Option<Self> = None;
            #[inline]
            fn of_f64(value: f64) -> Option<Self> {
                // All whole numbers of up to 53 bits are exact; beyond them, neighbours could not be told apart.
                if value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0 {
                    return None;
                }
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and of 53 bits")]
                let whole = value as i64;
                Self::try_from(whole).ok()
            }
            #[inline]
            fn of_f32(value: f32) -> Option<Self> {
                Self::of_f64(value.into())
            }
            #[inline]
            fn of_i64(value: i64) -> Option<Self> {
                Self::try_from(value).ok()
            }
            #[inline]
            fn of_u64(value: u64) -> Option<Self> {
                Self::try_from(value).ok()
            }
            #[inline]
            fn of_bool(value: bool) -> Option<Self> {
                Some(Self::from(value))
            }
        })*
    };
}

integers!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Target for bool {
    const MISSING: Option<Self> = None;

    fn of_f64(_: f64) -> Option<Self> {
        None
    }

    fn of_f32(_: f32) -> Option<Self> {
        None
    }

    fn of_i64(_: i64) -> Option<Self> {
        None
    }

    fn of_u64(_: u64) -> Option<Self> {
        None
    }

    fn of_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

/// Runs the same expression with the type of a primitive array bound to `$kind`.
macro_rules! for_primitive {
    ($data_type:expr, $kind:ident => $body:expr, _ => $other:expr) => {
        match $data_type {
            DataType::Float64 => {
                type $kind = Float64Type;
                $body
            }
            DataType::Float32 => {
                type $kind = Float32Type;
                $body
            }
            DataType::Float16 => {
                type $kind = Float16Type;
                $body
            }
            DataType::Int64 => {
                type $kind = Int64Type;
                $body
            }
            DataType::Int32 => {
                type $kind = Int32Type;
                $body
            }
            DataType::Int16 => {
                type $kind = Int16Type;
                $body
            }
            DataType::Int8 => {
                type $kind = Int8Type;
                $body
            }
            DataType::UInt64 => {
                type $kind = UInt64Type;
                $body
            }
            DataType::UInt32 => {
                type $kind = UInt32Type;
                $body
            }
            DataType::UInt16 => {
                type $kind = UInt16Type;
                $body
            }
            DataType::UInt8 => {
                type $kind = UInt8Type;
                $body
            }
            _ => $other,
        }
    };
}

/// Numbers in memory, and how they are told apart.
pub(super) struct Numbers(ArrayRef);

/// A number that cannot be one of another type.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// Its place.
    pub(super) index: usize,
    /// In words.
    pub(super) value: String,
}

/// Where numbers go: every `stride`-th place, beginning with `first`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) first: usize,
    pub(super) stride: usize,
}

impl Numbers {
    /// The numbers in an array, if it holds any.
    pub(super) fn of(array: &ArrayRef) -> Option<Self> {
        let plain = match array.data_type() {
            DataType::Dictionary(_, values) if values.is_numeric() => cast(array, values).ok()?,
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => cast(array, &DataType::Float64).ok()?,
            _ => array.clone(),
        };
        let is_known = for_primitive!(plain.data_type(), Kind => { let _: Option<Kind> = None; true },
            _ => *plain.data_type() == DataType::Boolean);
        is_known.then_some(Numbers(plain))
    }

    /// Writes a range of them into their places.
    pub(super) fn fill<T: Target>(
        &self,
        range: Range<usize>,
        into: &mut [T],
        places: Places,
    ) -> Result<(), Misfit> {
        if self.0.null_count() > 0 && T::MISSING.is_none() {
            let missing = range.clone().find(|index| self.0.is_null(*index));
            if let Some(index) = missing {
                return Err(Misfit { index, value: "null".to_owned() });
            }
        }
        for_primitive!(self.0.data_type(), Kind => self.fill_primitive::<Kind, T>(range.clone(), into, places)?,
            _ => self.fill_booleans(range.clone(), into, places)?);
        if let (Some(nulls), Some(missing)) = (self.0.nulls(), T::MISSING) {
            for index in range.clone().filter(|index| nulls.is_null(*index)) {
                into[places.first + (index - range.start) * places.stride] = missing;
            }
        }
        Ok(())
    }

    fn fill_primitive<K, T>(&self, range: Range<usize>, into: &mut [T], places: Places) -> Result<(), Misfit>
    where
        K: ArrowPrimitiveType<Native: Source>,
        T: Target,
    {
        let values = &self.0.as_primitive::<K>().values()[range.clone()];
        let places = into[places.first..].iter_mut().step_by(places.stride);
        fill(values.iter().copied(), places)
            .map_err(|(index, value)| Misfit { index: range.start + index, value: format!("{value:?}") })
    }

    fn fill_booleans<T: Target>(
        &self,
        range: Range<usize>,
        into: &mut [T],
        places: Places,
    ) -> Result<(), Misfit> {
        let values = self.0.as_boolean().values().slice(range.start, range.len());
        let places = into[places.first..].iter_mut().step_by(places.stride);
        fill(values.iter(), places)
            .map_err(|(index, value)| Misfit { index: range.start + index, value: value.to_string() })
    }
}

/// Writes values into places; gives the first that does not fit.
#[inline]
pub(super) fn fill<'t, S: Source, T: Target + 't>(
    values: impl Iterator<Item = S>,
    places: impl Iterator<Item = &'t mut T>,
) -> Result<(), (usize, S)> {
    for (index, (value, place)) in values.zip(places).enumerate() {
        match value.to() {
            Some(value) => *place = value,
            None => return Err((index, value)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BooleanArray, Float64Array, Int64Array, StringArray};

    use super::*;

    fn converted<T: Target>(array: impl Array + 'static) -> Result<Vec<T>, Misfit> {
        let numbers = Numbers::of(&(Arc::new(array) as ArrayRef)).unwrap();
        let mut values = vec![T::default(); numbers.0.len()];
        numbers.fill(0..numbers.0.len(), &mut values, Places { first: 0, stride: 1 })?;
        Ok(values)
    }

    #[test]
    fn floats_are_rounded_and_nothing_else_is() {
        assert_eq!(converted::<f32>(Float64Array::from(vec![0.1])), Ok(vec![0.1_f32]));
        assert_eq!(converted::<i64>(Float64Array::from(vec![3.0, -0.0])), Ok(vec![3, 0]));
        let misfit = |index, value: &str| Misfit { index, value: value.to_owned() };
        assert_eq!(converted::<i64>(Float64Array::from(vec![3.0, 3.5])), Err(misfit(1, "3.5")));
        assert_eq!(converted::<i64>(Float64Array::from(vec![f64::NAN])), Err(misfit(0, "NaN")));
        assert_eq!(converted::<i64>(Float64Array::from(vec![1e300])), Err(misfit(0, "1e300")));
        assert_eq!(converted::<i8>(Int64Array::from(vec![127, 128])), Err(misfit(1, "128")));
        assert_eq!(converted::<u64>(Int64Array::from(vec![-1])), Err(misfit(0, "-1")));
        assert_eq!(converted::<f32>(BooleanArray::from(vec![true, false])), Ok(vec![1.0, 0.0]));
        assert_eq!(converted::<bool>(Int64Array::from(vec![1])), Err(misfit(0, "1")));
    }

    #[test]
    fn a_missing_value_is_nan_where_there_is_one() {
        let values = converted::<f32>(Int64Array::from(vec![Some(1), None])).unwrap();
        assert!(values[0].to_bits() == 1_f32.to_bits() && values[1].is_nan());
        let misfit = converted::<i32>(Int64Array::from(vec![Some(1), None])).unwrap_err();
        assert_eq!(misfit, Misfit { index: 1, value: "null".to_owned() });
    }

    #[test]
    fn texts_are_no_numbers() {
        assert!(Numbers::of(&(Arc::new(StringArray::from(vec!["1"])) as ArrayRef)).is_none());
    }
}
