//! One value on its way into a column or a tensor, and the casts that keep it.
//!
//! JSON and CSV do not tell a caller's types, so a value is judged by itself: 3.0 is a whole number, 3.5 is none, and
//! `"1.5"` is a number. A value that would come out as another is refused.

use std::fmt;

use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use half::{bf16, f16};

/// Most characters of a text that an error shows.
const MAX_SHOWN: usize = 40;

/// 2^64: no integer type of ours holds this or more, so readers give such a number as the nearest double.
const PAST_INTEGERS: f64 = 18_446_744_073_709_551_616.0;

/// A value as JSON, CSV or a table of another type has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a point: any `i64` or `u64`.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'a str),
}

/// A type that a cell can be cast to.
pub(crate) trait FromCell: Sized {
    /// The value; none where it would be another.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

impl Cell<'_> {
    /// The whole number that it is.
    fn whole(self) -> Option<i128> {
        match self {
            Cell::Null => None,
            Cell::Bool(value) => Some(i128::from(value)),
            Cell::Int(value) => Some(value),
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and far below 2^127")]
            Cell::Float(value) => {
                (value.fract() == 0.0 && value.abs() <= PAST_INTEGERS).then_some(value as i128)
            }
            Cell::Text(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| Cell::Float(text.parse().ok()?).whole())
            }
        }
    }

    /// The number nearest to it; NaN for null.
    fn number(self) -> Option<f64> {
        match self {
            Cell::Null => Some(f64::NAN),
            Cell::Bool(value) => Some(f64::from(u8::from(value))),
            #[expect(clippy::cast_precision_loss, reason = "a decimal becomes the nearest binary number")]
            Cell::Int(value) => Some(value as f64),
            Cell::Float(value) => Some(value),
            Cell::Text(text) => text.trim().parse().ok(),
        }
    }

    /// The single nearest to it; none when it is past the largest.
    #[expect(clippy::cast_possible_truncation, reason = "a decimal becomes the nearest binary number")]
    fn single(self) -> Option<f32> {
        let number = self.number()?;
        let single = match self {
            // Rounding twice could miss the nearest.
            Cell::Text(text) => text.trim().parse().ok()?,
            _ => number as f32,
        };
        (single.is_finite() || !number.is_finite()).then_some(single)
    }

    /// Appends it as text; false for null, and for a number that may have lost digits.
    pub(crate) fn write_text(self, out: &mut Vec<u8>) -> bool {
        match self {
            Cell::Null => return false,
            Cell::Float(value) if value.is_finite() && value.abs() >= PAST_INTEGERS => return false,
            Cell::Text(text) => out.extend_from_slice(text.as_bytes()),
            Cell::Bool(value) => out.extend_from_slice(if value { b"True" } else { b"False" }),
            Cell::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Cell::Float(value) => out.extend_from_slice(python_float(value).as_bytes()),
        }
        true
    }

    /// Nanoseconds since the epoch. A text with an offset counts as the moment in UTC.
    pub(crate) fn datetime(self) -> Option<i64> {
        match self {
            Cell::Int(value) => i64::try_from(value).ok(),
            Cell::Text(text) => string_to_timestamp_nanos(text.trim()).ok(),
            _ => None,
        }
    }

    /// Appends the bytes of its Base64, which may be broken into lines; false for anything else.
    pub(crate) fn write_binary(self, out: &mut Vec<u8>) -> bool {
        let Cell::Text(text) = self else { return false };
        let start = out.len();
        let is_decoded = if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
            let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD.decode_vec(packed, out).is_ok()
        } else {
            STANDARD.decode_vec(text, out).is_ok()
        };
        if !is_decoded {
            out.truncate(start);
        }
        is_decoded
    }
}

/// As Python writes it: exponents have a sign and two digits.
fn python_float(value: f64) -> String {
    let text = format!("{value:?}");
    if let Some((digits, exponent)) = text.split_once('e')
        && let Ok(exponent) = exponent.parse::<i32>()
    {
        return format!("{digits}e{exponent:+03}");
    }
    text
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => f.write_str("null"),
            Cell::Bool(value) => write!(f, "{value}"),
            Cell::Int(value) => write!(f, "{value}"),
            Cell::Float(value) => write!(f, "{value:?}"),
            Cell::Text(text) => match text.char_indices().nth(MAX_SHOWN) {
                Some((end, _)) => write!(f, "{:?}…", &text[..end]),
                None => write!(f, "{text:?}"),
            },
        }
    }
}

impl FromCell for bool {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text("true" | "True" | "TRUE") => Some(true),
            Cell::Text("false" | "False" | "FALSE") => Some(false),
            Cell::Text(_) => None,
            cell => match cell.whole()? {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            },
        }
    }
}

/// Integers take every whole number that is in their range.
macro_rules! from_whole {
    ($($integer:ty),*) => {
        $(impl FromCell for $integer {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                cell.whole()?.try_into().ok()
            }
        })*
    };
}

from_whole!(u8, u16, u32, u64, i8, i16, i32, i64);

impl FromCell for f64 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let number = cell.number()?;
        // A decimal too large for a double reads as infinity, which it is not.
        let says_infinity = |text: &str| text.bytes().any(|byte| byte.eq_ignore_ascii_case(&b'n'));
        match cell {
            Cell::Text(text) if number.is_infinite() && !says_infinity(text) => None,
            _ => Some(number),
        }
    }
}

impl FromCell for f32 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        f64::from_cell(cell)?;
        cell.single()
    }
}

impl FromCell for f16 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let number = f64::from_cell(cell)?;
        let half = f16::from_f64(number);
        (half.is_finite() || !number.is_finite()).then_some(half)
    }
}

impl FromCell for bf16 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let number = f64::from_cell(cell)?;
        let half = bf16::from_f64(number);
        (half.is_finite() || !number.is_finite()).then_some(half)
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let mut text = Vec::new();
        cell.write_text(&mut text).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_are_integers_in_any_dress() {
        for cell in [Cell::Int(3), Cell::Float(3.0), Cell::Text("3"), Cell::Text(" 3.0 ")] {
            assert_eq!(i32::from_cell(cell), Some(3), "{cell}");
        }
        assert_eq!(i64::from_cell(Cell::Bool(true)), Some(1));
    }

    #[test]
    fn a_value_that_would_become_another_is_refused() {
        assert_eq!(i64::from_cell(Cell::Float(3.5)), None);
        assert_eq!(i32::from_cell(Cell::Int(2_147_483_648)), None);
        assert_eq!(u8::from_cell(Cell::Int(-1)), None);
        assert_eq!(i64::from_cell(Cell::Float(9.3e18)), None);
        assert_eq!(i64::from_cell(Cell::Float(f64::NAN)), None);
        assert_eq!(i64::from_cell(Cell::Float(f64::INFINITY)), None);
        assert_eq!(f32::from_cell(Cell::Float(1e300)), None);
        assert_eq!(f64::from_cell(Cell::Text("1e999")), None);
        assert_eq!(bool::from_cell(Cell::Int(2)), None);
        assert_eq!(bool::from_cell(Cell::Text("1")), None);
        assert_eq!(f64::from_cell(Cell::Text("one")), None);
    }

    #[test]
    fn texts_of_truth_are_what_they_say() {
        assert_eq!(bool::from_cell(Cell::Text("false")), Some(false));
        assert_eq!(bool::from_cell(Cell::Text("True")), Some(true));
    }

    #[test]
    fn the_text_of_a_number_is_that_of_python() {
        let text = |cell: Cell<'_>| Vec::from_cell(cell).map(|text| String::from_utf8(text).unwrap());
        for (value, expected) in
            [(1e-5, "1e-05"), (1.5e-300, "1.5e-300"), (1e16, "1e+16"), (5.0, "5.0"), (-0.0, "-0.0")]
        {
            assert_eq!(text(Cell::Float(value)).as_deref(), Some(expected));
        }
        assert_eq!(text(Cell::Int(u64::MAX.into())).as_deref(), Some("18446744073709551615"));
        assert_eq!(text(Cell::Float(12_345_678_901_234_567_890_123.0)), None);
    }

    #[test]
    fn infinities_and_nan_are_floats() {
        assert_eq!(f64::from_cell(Cell::Text("Infinity")), Some(f64::INFINITY));
        assert_eq!(f32::from_cell(Cell::Float(f64::NEG_INFINITY)), Some(f32::NEG_INFINITY));
        assert!(f32::from_cell(Cell::Null).unwrap().is_nan());
    }

    #[test]
    fn moments_with_an_offset_count_in_utc() {
        assert_eq!(Cell::Text("1970-01-01T01:00:00+01:00").datetime(), Some(0));
        assert_eq!(Cell::Text("1970-01-02").datetime(), Some(86_400_000_000_000));
        assert_eq!(Cell::Text("soon").datetime(), None);
    }

    #[test]
    fn base64_may_be_broken_into_lines() {
        let mut bytes = b"x".to_vec();
        assert!(Cell::Text("aGVs\nbG8=\n").write_binary(&mut bytes));
        assert!(!Cell::Text("no!").write_binary(&mut bytes));
        assert_eq!(bytes, b"xhello");
    }

    #[test]
    fn long_texts_are_cut_in_errors() {
        assert!(Cell::Text(&"é".repeat(1000)).to_string().chars().count() < 50);
    }

    proptest! {
        #[test]
        fn an_integer_that_is_taken_is_the_number_that_came(number: f64) {
            if let Some(taken) = i32::from_cell(Cell::Float(number)) {
                prop_assert!((f64::from(taken) - number).abs() < f64::EPSILON);
            }
        }

        #[test]
        fn every_integer_survives_its_text(number: i64) {
            prop_assert_eq!(i64::from_cell(Cell::Text(&number.to_string())), Some(number));
        }

        #[test]
        fn every_double_survives_its_text(number: f64) {
            let read = f64::from_cell(Cell::Text(&format!("{number:?}")));
            prop_assert_eq!(read.map(f64::to_bits), Some(number.to_bits()).filter(|_| !number.is_nan()).or(read.map(f64::to_bits)));
        }
    }
}
