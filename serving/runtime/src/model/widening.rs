//! Which numbers of one type are numbers of another: the one table for columns and for tensors.
//!
//! It is for callers who told their types, so that a float is never rounded or cut off. Values of JSON and CSV, whose
//! types nobody told, are judged one by one (`cell.rs`). Between a signature and a graph that wants shorter floats, an
//! engine rounds (`engines/onnx/numbers.rs`), as MLflow does.

use super::dtype::DType;

/// Whether all values of a type, or only some, are values of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Widening {
    /// All of them.
    Always,
    /// Whole numbers that a float has, too.
    IfExact,
}

/// How a type of numbers widens to another; none where it does not.
pub(crate) fn widening(from: DType, to: DType) -> Option<Widening> {
    let (from, to) = (Number::of(from)?, Number::of(to)?);
    let is_safe = match (from, to) {
        (Number::Signed(from), Number::Signed(to)) | (Number::Unsigned(from), Number::Unsigned(to)) => {
            from <= to
        }
        (Number::Unsigned(from), Number::Signed(to)) => from < to,
        (Number::Signed(from) | Number::Unsigned(from), Number::Float { mantissa, .. }) => {
            return Some(if from <= mantissa { Widening::Always } else { Widening::IfExact });
        }
        (
            Number::Float { mantissa, exponent },
            Number::Float { mantissa: to_mantissa, exponent: to_exponent },
        ) => mantissa <= to_mantissa && exponent <= to_exponent,
        (Number::Signed(_) | Number::Float { .. }, Number::Unsigned(_))
        | (Number::Float { .. }, Number::Signed(_)) => false,
    };
    is_safe.then_some(Widening::Always)
}

/// A type of numbers, with how many bits it has for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Signed(u32),
    Unsigned(u32),
    Float { mantissa: u32, exponent: u32 },
}

impl Number {
    fn of(dtype: DType) -> Option<Self> {
        Some(match dtype {
            DType::Int8 => Number::Signed(8),
            DType::Int16 => Number::Signed(16),
            DType::Int32 => Number::Signed(32),
            DType::Int64 => Number::Signed(64),
            DType::Uint8 => Number::Unsigned(8),
            DType::Uint16 => Number::Unsigned(16),
            DType::Uint32 => Number::Unsigned(32),
            DType::Uint64 => Number::Unsigned(64),
            DType::Fp16 => Number::Float { mantissa: 11, exponent: 5 },
            DType::Bf16 => Number::Float { mantissa: 8, exponent: 8 },
            DType::Fp32 => Number::Float { mantissa: 24, exponent: 8 },
            DType::Fp64 => Number::Float { mantissa: 53, exponent: 11 },
            DType::Bool | DType::Bytes => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_widens_to_those_that_have_all_of_its_values() {
        for (from, to) in [
            (DType::Int8, DType::Int64),
            (DType::Uint32, DType::Int64),
            (DType::Uint8, DType::Fp16),
            (DType::Int32, DType::Fp64),
            (DType::Bf16, DType::Fp32),
            (DType::Fp32, DType::Fp64),
        ] {
            assert_eq!(widening(from, to), Some(Widening::Always), "{from:?} {to:?}");
        }
    }

    #[test]
    fn whole_numbers_may_be_exact_in_a_float() {
        for (from, to) in
            [(DType::Int64, DType::Fp64), (DType::Int32, DType::Fp32), (DType::Int16, DType::Fp16)]
        {
            assert_eq!(widening(from, to), Some(Widening::IfExact), "{from:?} {to:?}");
        }
    }

    #[test]
    fn nothing_narrows_and_floats_are_no_whole_numbers() {
        for (from, to) in [
            (DType::Int64, DType::Int32),
            (DType::Uint64, DType::Int64),
            (DType::Int8, DType::Uint64),
            (DType::Fp32, DType::Int64),
            (DType::Fp64, DType::Fp32),
            (DType::Fp16, DType::Bf16),
            (DType::Bf16, DType::Fp16),
            (DType::Bool, DType::Int8),
            (DType::Bytes, DType::Bytes),
        ] {
            assert_eq!(widening(from, to), None, "{from:?} {to:?}");
        }
    }
}
