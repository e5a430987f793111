//! Elements as the same numbers of another type, where that has them.

use std::fmt;

use half::{bf16, f16};

use crate::model::widening::widening;
use crate::{DType, Elements, for_elements};

/// Why elements are not of another type too.
#[derive(Debug, PartialEq)]
pub(super) enum Unfit {
    /// Their type does not widen to it.
    Type,
    /// This one would change.
    Value {
        /// Among the elements.
        position: usize,
        /// As it came.
        value: String,
    },
}

/// Elements as those of a type that is as wide or wider.
pub(super) fn widen(elements: Elements, target: DType) -> Result<Elements, Unfit> {
    if elements.dtype() == target {
        return Ok(elements);
    }
    if widening(elements.dtype(), target).is_none() {
        return Err(Unfit::Type);
    }
    for_elements!(elements, values => convert(values, target))
}

fn convert<S: Number>(values: Vec<S>, target: DType) -> Result<Elements, Unfit> {
    match target {
        DType::Uint8 => each(values).map(Elements::Uint8),
        DType::Uint16 => each(values).map(Elements::Uint16),
        DType::Uint32 => each(values).map(Elements::Uint32),
        DType::Uint64 => each(values).map(Elements::Uint64),
        DType::Int8 => each(values).map(Elements::Int8),
        DType::Int16 => each(values).map(Elements::Int16),
        DType::Int32 => each(values).map(Elements::Int32),
        DType::Int64 => each(values).map(Elements::Int64),
        DType::Fp16 => each(values).map(Elements::Fp16),
        DType::Bf16 => each(values).map(Elements::Bf16),
        DType::Fp32 => each(values).map(Elements::Fp32),
        DType::Fp64 => each(values).map(Elements::Fp64),
        DType::Bool | DType::Bytes => Err(Unfit::Type),
    }
}

fn each<S: Number, T: Number>(values: Vec<S>) -> Result<Vec<T>, Unfit> {
    let converted = |(position, value): (usize, S)| {
        let value = value.value();
        T::of(value).ok_or_else(|| Unfit::Value { position, value: value.to_string() })
    };
    values.into_iter().enumerate().map(converted).collect()
}

/// An element as a number that is wide enough for any.
#[derive(Debug, Clone, Copy)]
enum Value {
    Whole(i128),
    Float(f64),
    /// Of a type that does not widen.
    None,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Whole(value) => value.fmt(f),
            Value::Float(value) => value.fmt(f),
            Value::None => f.write_str("the value"),
        }
    }
}

/// A type of elements.
trait Number: Sized {
    fn value(self) -> Value;

    /// The same number; none where this type has it not.
    fn of(value: Value) -> Option<Self>;
}

macro_rules! whole_numbers {
    ($($number:ty)*) => {$(
        impl Number for $number {
            fn value(self) -> Value {
                Value::Whole(self.into())
            }

            fn of(value: Value) -> Option<Self> {
                match value {
                    Value::Whole(value) => value.try_into().ok(),
                    Value::Float(_) | Value::None => None,
                }
            }
        }
    )*};
}

whole_numbers!(u8 u16 u32 u64 i8 i16 i32 i64);

macro_rules! floats {
    ($($number:ty: $nearest:expr),*) => {$(
        impl Number for $number {
            fn value(self) -> Value {
                Value::Float(self.into())
            }

            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "looked at below")]
            fn of(value: Value) -> Option<Self> {
                match value {
                    Value::Whole(value) => {
                        let nearest: Self = $nearest(value as f64);
                        (f64::from(nearest) as i128 == value).then_some(nearest)
                    }
                    // Of a shorter type, whose values are all here.
                    Value::Float(value) => Some($nearest(value)),
                    Value::None => None,
                }
            }
        }
    )*};
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "whoever asks for the nearest looks whether it is the same"
)]
fn nearest_single(value: f64) -> f32 {
    value as f32
}

floats!(f16: f16::from_f64, bf16: bf16::from_f64, f32: nearest_single, f64: std::convert::identity);

macro_rules! no_numbers {
    ($($other:ty)*) => {$(
        impl Number for $other {
            fn value(self) -> Value {
                Value::None
            }

            fn of(_: Value) -> Option<Self> {
                None
            }
        }
    )*};
}

no_numbers!(bool Vec<u8>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_widen_and_never_narrow() {
        let wide = widen(Elements::Int32(vec![-1]), DType::Int64);
        assert_eq!(wide, Ok(Elements::Int64(vec![-1])));
        let wide = widen(Elements::Fp32(vec![0.5]), DType::Fp64);
        assert_eq!(wide, Ok(Elements::Fp64(vec![0.5])));
        assert_eq!(widen(Elements::Fp64(vec![0.5]), DType::Fp32), Err(Unfit::Type));
        assert_eq!(widen(Elements::Int64(vec![1]), DType::Int32), Err(Unfit::Type));
        assert_eq!(widen(Elements::Int8(vec![1]), DType::Uint8), Err(Unfit::Type));
        assert_eq!(widen(Elements::Bool(vec![true]), DType::Int64), Err(Unfit::Type));
    }

    #[test]
    fn whole_numbers_become_floats_while_they_are_exact() {
        let last = 1_i64 << 53;
        assert_eq!(widen(Elements::Int64(vec![3]), DType::Fp32), Ok(Elements::Fp32(vec![3.0])));
        assert!(widen(Elements::Int64(vec![last]), DType::Fp64).is_ok());
        let unfit = widen(Elements::Int64(vec![1, last + 1]), DType::Fp64);
        assert_eq!(unfit, Err(Unfit::Value { position: 1, value: "9007199254740993".to_owned() }));
        assert!(widen(Elements::Uint64(vec![u64::MAX]), DType::Fp64).is_err());
    }
}
