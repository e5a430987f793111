//! Elements as the same numbers of another type, where that has them.

use std::fmt::Display;

use half::{bf16, f16};

use crate::model::widening::{Widening, widening};
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

/// Elements as those of a type that is as wide or wider.
pub(super) fn widen(elements: Elements, target: DType) -> Result<Elements, Unfit> {
    let from = elements.dtype();
    if from == target {
        return Ok(elements);
    }
    let to = Target { dtype: target, widening: widening(from, target) };
    match elements {
        Elements::Uint8(values) => to.of_whole(values),
        Elements::Uint16(values) => to.of_whole(values),
        Elements::Uint32(values) => to.of_whole(values),
        Elements::Uint64(values) => to.of_whole(values),
        Elements::Int8(values) => to.of_whole(values),
        Elements::Int16(values) => to.of_whole(values),
        Elements::Int32(values) => to.of_whole(values),
        Elements::Int64(values) => to.of_whole(values),
        Elements::Fp16(values) => to.of_floats(values),
        Elements::Bf16(values) => to.of_floats(values),
        Elements::Fp32(values) => to.of_floats(values),
        Elements::Fp64(values) => to.of_floats(values),
        Elements::Bool(_) | Elements::Bytes(_) => Err(Unfit::Type),
    }
}

/// What elements are to become.
#[derive(Debug, Clone, Copy)]
struct Target {
    dtype: DType,
    /// From their type.
    widening: Option<Widening>,
}

impl Target {
    fn of_whole<S: Copy + Display + Into<i128>>(self, values: Vec<S>) -> Result<Elements, Unfit> {
        match self.dtype {
            DType::Uint8 => self.each(values, whole).map(Elements::Uint8),
            DType::Uint16 => self.each(values, whole).map(Elements::Uint16),
            DType::Uint32 => self.each(values, whole).map(Elements::Uint32),
            DType::Uint64 => self.each(values, whole).map(Elements::Uint64),
            DType::Int8 => self.each(values, whole).map(Elements::Int8),
            DType::Int16 => self.each(values, whole).map(Elements::Int16),
            DType::Int32 => self.each(values, whole).map(Elements::Int32),
            DType::Int64 => self.each(values, whole).map(Elements::Int64),
            DType::Fp16 => self.each(values, |value| exact(value, f16::from_f64)).map(Elements::Fp16),
            DType::Bf16 => self.each(values, |value| exact(value, bf16::from_f64)).map(Elements::Bf16),
            DType::Fp32 => self.each(values, |value| exact(value, nearest_single)).map(Elements::Fp32),
            DType::Fp64 => self.each(values, |value| exact(value, |double| double)).map(Elements::Fp64),
            DType::Bool | DType::Bytes => Err(Unfit::Type),
        }
    }

    fn of_floats<S: Copy + Display + Into<f64>>(self, values: Vec<S>) -> Result<Elements, Unfit> {
        match self.dtype {
            DType::Fp16 => self.each(values, |value| Some(f16::from_f64(value))).map(Elements::Fp16),
            DType::Bf16 => self.each(values, |value| Some(bf16::from_f64(value))).map(Elements::Bf16),
            DType::Fp32 => self.each(values, |value| Some(nearest_single(value))).map(Elements::Fp32),
            DType::Fp64 => self.each(values, Some).map(Elements::Fp64),
            _ => Err(Unfit::Type),
        }
    }

    /// Each value by way of one that is wide enough for any.
    fn each<S: Copy + Display + Into<W>, W, T>(
        self,
        values: Vec<S>,
        convert: impl Fn(W) -> Option<T>,
    ) -> Result<Vec<T>, Unfit> {
        self.widening.ok_or(Unfit::Type)?;
        let converted = |(position, value): (usize, S)| {
            convert(value.into()).ok_or_else(|| Unfit::Value { position, value: value.to_string() })
        };
        values.into_iter().enumerate().map(converted).collect()
    }
}

fn whole<T: TryFrom<i128>>(value: i128) -> Option<T> {
    value.try_into().ok()
}

/// The float that is this whole number.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "it is compared with what came"
)]
fn exact<T: Copy + Into<f64>>(value: i128, nearest: impl Fn(f64) -> T) -> Option<T> {
    let float = nearest(value as f64);
    (float.into() as i128 == value).then_some(float)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "whoever asks for the nearest looks whether it is the same"
)]
fn nearest_single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tensor_builder::empty;

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
    fn what_widens_is_what_the_table_says() {
        const ALL: [DType; 14] = [
            DType::Bool,
            DType::Uint8,
            DType::Uint16,
            DType::Uint32,
            DType::Uint64,
            DType::Int8,
            DType::Int16,
            DType::Int32,
            DType::Int64,
            DType::Fp16,
            DType::Bf16,
            DType::Fp32,
            DType::Fp64,
            DType::Bytes,
        ];
        for (from, to) in ALL.iter().flat_map(|from| ALL.map(|to| (*from, to))) {
            let widened = widen(empty(from, 0), to);
            let expected =
                if from == to || widening(from, to).is_some() { Ok(empty(to, 0)) } else { Err(Unfit::Type) };
            assert_eq!(widened, expected, "{from:?} {to:?}");
        }
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
