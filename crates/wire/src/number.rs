//! Numbers as protobuf's JSON reads and writes them.
//!
//! In: integers may be numbers, integral floats (`124.0`) or text of either; doubles may be text too, also
//! `"NaN"`, `"Infinity"` and `"-Infinity"`, or booleans. Out: plain JSON numbers, and those three words.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 64-bit integer field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Int64(pub i64);

/// A 32-bit integer field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Int32(pub i32);

/// A floating-point field.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Double(pub f64);

impl From<i64> for Int64 {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl From<i32> for Int32 {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

impl From<f64> for Double {
    fn from(number: f64) -> Self {
        Self(number)
    }
}

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Int32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = deserializer.deserialize_any(IntegerVisitor)?;
        let out_of_range = |_| D::Error::invalid_value(Unexpected::Signed(number), &"a 32-bit integer");
        i32::try_from(number).map(Self).map_err(out_of_range)
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DoubleVisitor).map(Self)
    }
}

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_nan() {
            return serializer.serialize_str("NaN");
        }
        if self.0.is_infinite() {
            return serializer.serialize_str(if self.0 > 0.0 { "Infinity" } else { "-Infinity" });
        }
        serializer.serialize_f64(self.0)
    }
}

/// `number` as an integer when it has no fraction and fits 64 bits.
///
/// The least integer itself never comes as a float: what does and looks like it was too small and is rounded.
pub(crate) fn integral(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let fits = number.fract() == 0.0 && number.abs() < LIMIT;
    #[expect(clippy::cast_possible_truncation, reason = "the line above proved that nothing is cut off")]
    fits.then_some(number as i64)
}

/// `text` as an integer; exponents and a zero fraction are fine, spaces are not.
pub(crate) fn integer_text(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| text.parse().ok().and_then(integral))
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = i64;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a 64-bit integer, as a number or as text")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        integral(number).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        integer_text(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

struct DoubleVisitor;

impl Visitor<'_> for DoubleVisitor {
    type Value = f64;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a number, or text such as \"NaN\"")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<f64, E> {
        Ok(f64::from(u8::from(value)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        #[expect(clippy::cast_precision_loss, reason = "a double field holds what a double can hold")]
        Ok(number as f64)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        #[expect(clippy::cast_precision_loss, reason = "a double field holds what a double can hold")]
        Ok(number as f64)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        // Rust reads "NaN", "Infinity" and their short forms in any case, as Python does.
        text.trim().parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, to_string};

    use super::*;

    #[test]
    fn integers_are_read_from_numbers_integral_floats_and_text() {
        for text in ["1000", "1000.0", "1e3", r#""1000""#, r#""1000.0""#, r#""1e3""#] {
            assert_eq!(from_str::<Int64>(text).unwrap(), Int64(1000), "{text}");
        }
        for text in ["12.5", "true", r#"" 12""#, r#""1 2""#, r#""""#, "[]", "null", r#""x""#] {
            assert!(from_str::<Int64>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn integers_out_of_range_are_rejected_and_the_ends_are_not() {
        assert_eq!(from_str::<Int64>("-9223372036854775808").unwrap(), Int64(i64::MIN));
        assert_eq!(from_str::<Int64>(r#""9223372036854775807""#).unwrap(), Int64(i64::MAX));
        for text in
            ["9223372036854775808", "-9223372036854775809", "1e19", r#""9223372036854775808""#, r#""NaN""#]
        {
            assert!(from_str::<Int64>(text).is_err(), "{text}");
        }
        assert_eq!(from_str::<Int32>("2147483647").unwrap(), Int32(i32::MAX));
        assert!(from_str::<Int32>("2147483648").is_err());
    }

    #[test]
    fn doubles_are_read_from_numbers_and_text() {
        assert_eq!(from_str::<Double>(r#""1e5""#).unwrap(), Double(1e5));
        assert_eq!(from_str::<Double>(r#"" 1 ""#).unwrap(), Double(1.0));
        assert_eq!(from_str::<Double>("123456789012345678").unwrap(), Double(1.234_567_890_123_456_8e17));
        assert_eq!(from_str::<Double>(r#""-Infinity""#).unwrap(), Double(f64::NEG_INFINITY));
        assert_eq!(from_str::<Double>("true").unwrap(), Double(1.0));
        assert!(from_str::<Double>(r#""NaN""#).unwrap().0.is_nan());
        for text in ["1e400", r#""x""#, r#""""#, "[1]"] {
            assert!(from_str::<Double>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_written_as_words() {
        assert_eq!(to_string(&Double(f64::NAN)).unwrap(), r#""NaN""#);
        assert_eq!(to_string(&Double(f64::INFINITY)).unwrap(), r#""Infinity""#);
        assert_eq!(to_string(&Double(1.0)).unwrap(), "1.0");
        assert_eq!(to_string(&Int64(i64::MAX)).unwrap(), "9223372036854775807");
    }

    #[test]
    fn doubles_keep_every_bit() {
        for number in [0.1 + 0.2, 5e-324, f64::MAX, 122.416_294_033_786_59, 1.0 / 3.0] {
            assert_eq!(from_str::<Double>(&to_string(&Double(number)).unwrap()).unwrap(), Double(number));
        }
    }
}
