//! Numbers of one type as another that holds every one of them.
//!
//! Whole numbers become floats where each of them is exact; nothing is ever rounded or cut off.

use half::f16;

use crate::{DType, Elements};

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

macro_rules! widen {
    ($elements:expr, $target:ident($type:ty): $($from:ident)*) => {
        match $elements {
            Elements::$target(values) => Ok(Elements::$target(values)),
            $(Elements::$from(values) => {
                Ok(Elements::$target(values.into_iter().map(<$type>::from).collect()))
            })*
            _ => Err(Unfit::Type),
        }
    };
}

/// Elements as the same numbers of a type that is as wide or wider.
pub(super) fn widen(elements: Elements, target: DType) -> Result<Elements, Unfit> {
    match target {
        DType::Uint16 => widen!(elements, Uint16(u16): Uint8),
        DType::Uint32 => widen!(elements, Uint32(u32): Uint8 Uint16),
        DType::Uint64 => widen!(elements, Uint64(u64): Uint8 Uint16 Uint32),
        DType::Int16 => widen!(elements, Int16(i16): Uint8 Int8),
        DType::Int32 => widen!(elements, Int32(i32): Uint8 Uint16 Int8 Int16),
        DType::Int64 => widen!(elements, Int64(i64): Uint8 Uint16 Uint32 Int8 Int16 Int32),
        DType::Fp16 => widen!(elements, Fp16(f16): Uint8 Int8),
        DType::Fp32 => match elements {
            Elements::Uint32(values) => singles(values),
            Elements::Uint64(values) => singles(values),
            Elements::Int32(values) => singles(values),
            Elements::Int64(values) => singles(values),
            others => widen!(others, Fp32(f32): Uint8 Uint16 Int8 Int16 Fp16 Bf16),
        },
        DType::Fp64 => match elements {
            Elements::Uint64(values) => doubles(values),
            Elements::Int64(values) => doubles(values),
            others => widen!(others, Fp64(f64): Uint8 Uint16 Uint32 Int8 Int16 Int32 Fp16 Bf16 Fp32),
        },
        DType::Bool | DType::Uint8 | DType::Int8 | DType::Bf16 | DType::Bytes => {
            if elements.dtype() == target { Ok(elements) } else { Err(Unfit::Type) }
        }
    }
}

fn doubles<T: Into<i128> + Copy>(values: Vec<T>) -> Result<Elements, Unfit> {
    let exact = |value: i128| {
        #[expect(clippy::cast_precision_loss, reason = "looked at below")]
        let double = value as f64;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and of 64 bits at most")]
        let is_same = double as i128 == value;
        is_same.then_some(double)
    };
    exact_floats(values, exact).map(Elements::Fp64)
}

fn singles<T: Into<i128> + Copy>(values: Vec<T>) -> Result<Elements, Unfit> {
    let exact = |value: i128| {
        #[expect(clippy::cast_precision_loss, reason = "looked at below")]
        let single = value as f32;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and of 64 bits at most")]
        let is_same = single as i128 == value;
        is_same.then_some(single)
    };
    exact_floats(values, exact).map(Elements::Fp32)
}

fn exact_floats<T: Into<i128>, F>(
    values: Vec<T>,
    exact: impl Fn(i128) -> Option<F>,
) -> Result<Vec<F>, Unfit> {
    let float = |(position, value): (usize, T)| {
        let value = value.into();
        exact(value).ok_or_else(|| Unfit::Value { position, value: value.to_string() })
    };
    values.into_iter().enumerate().map(float).collect()
}

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
