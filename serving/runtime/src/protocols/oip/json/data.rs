//! The elements of a tensor in JSON: one flat list, or lists nested as the shape says. A number must be one of the
//! tensor's type; nothing is rounded but decimals, and `null` is a float that is not a number.

use std::fmt;

use serde::de::{DeserializeSeed, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::place::place;
use crate::{DType, Elements};

/// Most characters of a value in a message.
const MOST_SHOWN: usize = 40;

/// Reads elements of a type. The shape's product was checked not to overflow.
///
/// # Errors
/// Without the name of the tensor.
pub(super) fn decode(dtype: DType, shape: &[usize], data: &RawValue) -> Result<Elements, String> {
    match dtype {
        DType::Bool => read(shape, data).map(Elements::Bool),
        DType::Uint8 => read(shape, data).map(Elements::Uint8),
        DType::Uint16 => read(shape, data).map(Elements::Uint16),
        DType::Uint32 => read(shape, data).map(Elements::Uint32),
        DType::Uint64 => read(shape, data).map(Elements::Uint64),
        DType::Int8 => read(shape, data).map(Elements::Int8),
        DType::Int16 => read(shape, data).map(Elements::Int16),
        DType::Int32 => read(shape, data).map(Elements::Int32),
        DType::Int64 => read(shape, data).map(Elements::Int64),
        DType::Fp32 => read(shape, data).map(Elements::Fp32),
        DType::Fp64 => read(shape, data).map(Elements::Fp64),
        DType::Bytes => read(shape, data).map(Elements::Bytes),
        DType::Fp16 | DType::Bf16 => Err(format!("{} travels only in binary", dtype.name())),
    }
}

/// A JSON value that is neither list nor object.
#[derive(Debug, Clone, Copy)]
enum Scalar<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a str),
}

/// What can be an element.
trait Element: Sized {
    const DTYPE: DType;

    fn of(scalar: Scalar<'_>) -> Option<Self>;
}

macro_rules! whole_elements {
    ($($type:ty: $dtype:ident),*) => {$(
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;

            fn of(scalar: Scalar<'_>) -> Option<Self> {
                match scalar {
                    Scalar::Unsigned(value) => value.try_into().ok(),
                    Scalar::Signed(value) => value.try_into().ok(),
                    Scalar::Float(value) => whole(value)?.try_into().ok(),
                    _ => None,
                }
            }
        }
    )*};
}

whole_elements!(
    u8: Uint8, u16: Uint16, u32: Uint32, u64: Uint64, i8: Int8, i16: Int16, i32: Int32, i64: Int64
);

/// A float as the whole number that it is; none where its neighbours are further away than one.
#[expect(clippy::cast_possible_truncation, reason = "whole, and far from the ends")]
fn whole(value: f64) -> Option<i64> {
    const LAST_EXACT: f64 = 9_007_199_254_740_992.0;
    (value.fract() == 0.0 && value.abs() <= LAST_EXACT).then_some(value as i64)
}

impl Element for bool {
    const DTYPE: DType = DType::Bool;

    fn of(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Bool(value) => Some(value),
            _ => None,
        }
    }
}

impl Element for f64 {
    const DTYPE: DType = DType::Fp64;

    #[expect(
        clippy::cast_precision_loss,
        reason = "a decimal is rounded to the nearest float, however it is written"
    )]
    fn of(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Null => Some(f64::NAN),
            Scalar::Unsigned(value) => Some(value as f64),
            Scalar::Signed(value) => Some(value as f64),
            Scalar::Float(value) => Some(value),
            Scalar::Bool(_) | Scalar::Text(_) => None,
        }
    }
}

impl Element for f32 {
    const DTYPE: DType = DType::Fp32;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "to the nearest float; one beyond the largest is refused"
    )]
    fn of(scalar: Scalar<'_>) -> Option<Self> {
        let double = f64::of(scalar)?;
        let single = double as f32;
        (single.is_finite() || !double.is_finite()).then_some(single)
    }
}

impl Element for Vec<u8> {
    const DTYPE: DType = DType::Bytes;

    fn of(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Text(text) => Some(text.as_bytes().to_vec()),
            _ => None,
        }
    }
}

/// What was read so far.
struct Reader<'a, T> {
    shape: &'a [usize],
    values: Vec<T>,
    /// In how many lists the elements are, once there was one.
    depth: Option<usize>,
    /// Why reading stopped.
    failure: Option<String>,
}

/// A value that is inside of so many lists.
struct Inside<'r, 'a, T> {
    reader: &'r mut Reader<'a, T>,
    depth: usize,
}

fn read<T: Element>(shape: &[usize], data: &RawValue) -> Result<Vec<T>, String> {
    let n_elements: usize = shape.iter().product();
    // An element takes at least two characters, so a large shape alone takes no memory.
    let values = Vec::with_capacity(n_elements.min(data.get().len() / 2));
    let mut reader = Reader { shape, values, depth: None, failure: None };
    let mut json = serde_json::Deserializer::from_str(data.get());
    let read = Inside { reader: &mut reader, depth: 0 }.deserialize(&mut json);
    match (reader.failure, read) {
        (Some(failure), _) => Err(failure),
        (None, Err(error)) => Err(error.to_string()),
        (None, Ok(())) => Ok(reader.values),
    }
}

impl<T: Element> Inside<'_, '_, T> {
    fn fail<E: Error>(self, message: String) -> E {
        self.reader.failure = Some(message);
        E::custom("")
    }

    fn element<E: Error>(self, scalar: Scalar<'_>) -> Result<(), E> {
        let rank = self.reader.shape.len();
        let is_right = match self.reader.depth {
            Some(depth) => depth == self.depth,
            None => self.depth == rank || self.depth == 1,
        };
        if !is_right {
            let message = format!("data is neither flat nor nested as shape {:?}", self.reader.shape);
            return Err(self.fail(message));
        }
        self.reader.depth = Some(self.depth);
        match T::of(scalar) {
            Some(value) => {
                self.reader.values.push(value);
                Ok(())
            }
            None => Err(self.refuse(&shown(scalar))),
        }
    }

    fn refuse<E: Error>(self, found: &str) -> E {
        let at = place(self.reader.shape, self.reader.values.len());
        self.fail(format!("element {at}: found {found}, expected {}", T::DTYPE.name()))
    }
}

fn shown(scalar: Scalar<'_>) -> String {
    match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Unsigned(value) => value.to_string(),
        Scalar::Signed(value) => value.to_string(),
        Scalar::Float(value) => format!("{value:?}"),
        Scalar::Text(text) => format!("'{}'", text.chars().take(MOST_SHOWN).collect::<String>()),
    }
}

impl<'de, T: Element> DeserializeSeed<'de> for Inside<'_, '_, T> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, T: Element> Visitor<'de> for Inside<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::DTYPE.name())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.element(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.element(Scalar::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.element(Scalar::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.element(Scalar::Signed(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.element(Scalar::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.element(Scalar::Text(value))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, _map: A) -> Result<(), A::Error> {
        Err(self.refuse("an object"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let rank = self.reader.shape.len();
        if self.depth >= rank.max(1) {
            let message = format!("data is nested deeper than shape {:?}", self.reader.shape);
            return Err(self.fail(message));
        }
        let mut n_values = 0_usize;
        while list.next_element_seed(Inside { reader: &mut *self.reader, depth: self.depth + 1 })?.is_some() {
            n_values += 1;
        }
        // A flat list is counted as a whole, when the tensor is made.
        let is_flat = self.reader.depth.is_none_or(|depth| depth < rank) && self.depth == 0;
        let expected = self.reader.shape.get(self.depth).copied().unwrap_or(1);
        if is_flat || n_values == expected {
            return Ok(());
        }
        let message = format!(
            "a list in dimension {} of the data holds {n_values} values, where shape {:?} says {expected}",
            self.depth, self.reader.shape
        );
        Err(self.fail(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn data(dtype: DType, shape: &[usize], json: &str) -> Result<Elements, String> {
        decode(dtype, shape, &RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn data_is_flat_or_nested() {
        let expected = Ok(Elements::Int64(vec![1, 2, 3, 4]));
        assert_eq!(data(DType::Int64, &[2, 2], "[1, 2, 3, 4]"), expected);
        assert_eq!(data(DType::Int64, &[2, 2], "[[1, 2], [3, 4]]"), expected);
        assert_eq!(data(DType::Int64, &[], "5"), Ok(Elements::Int64(vec![5])));
        assert_eq!(data(DType::Int64, &[2, 0], "[]"), Ok(Elements::Int64(Vec::new())));
    }

    #[test]
    fn ragged_deep_and_mixed_lists_are_refused() {
        let ragged = data(DType::Int64, &[2, 2], "[[1, 2, 3], [4]]").unwrap_err();
        assert_eq!(ragged, "a list in dimension 1 of the data holds 3 values, where shape [2, 2] says 2");
        let few = data(DType::Int64, &[2, 2], "[[1, 2]]").unwrap_err();
        assert_eq!(few, "a list in dimension 0 of the data holds 1 values, where shape [2, 2] says 2");
        assert!(data(DType::Int64, &[2], "[[1], [2]]").unwrap_err().contains("deeper"));
        assert!(data(DType::Int64, &[2, 1], "[[1], 2]").unwrap_err().contains("neither flat nor nested"));
        assert!(data(DType::Int64, &[1, 1, 2], "[[1, 2]]").unwrap_err().contains("neither flat nor nested"));
        assert!(data(DType::Int64, &[2], "7").unwrap_err().contains("neither flat nor nested"));
    }

    #[test]
    fn a_value_of_another_type_is_named_with_its_place() {
        let error = data(DType::Int64, &[2, 2], "[[1, 2], [3.5, 4]]").unwrap_err();
        assert_eq!(error, "element [1, 0]: found 3.5, expected INT64");
        assert_eq!(data(DType::Int8, &[1], "[200]").unwrap_err(), "element [0]: found 200, expected INT8");
        assert_eq!(data(DType::Uint8, &[1], "[-1]").unwrap_err(), "element [0]: found -1, expected UINT8");
        assert_eq!(data(DType::Bytes, &[1], "[1]").unwrap_err(), "element [0]: found 1, expected BYTES");
        assert_eq!(data(DType::Fp32, &[1], "[\"x\"]").unwrap_err(), "element [0]: found 'x', expected FP32");
        assert_eq!(
            data(DType::Fp32, &[1], "[1e300]").unwrap_err(),
            "element [0]: found 1e300, expected FP32"
        );
        assert_eq!(
            data(DType::Bool, &[1], "[{}]").unwrap_err(),
            "element [0]: found an object, expected BOOL"
        );
        assert_eq!(data(DType::Fp16, &[1], "[1]").unwrap_err(), "FP16 travels only in binary");
    }

    #[test]
    fn whole_floats_are_whole_numbers_and_null_is_not_a_number() {
        assert_eq!(data(DType::Int32, &[1], "[3.0]"), Ok(Elements::Int32(vec![3])));
        let Ok(Elements::Fp64(values)) = data(DType::Fp64, &[2], "[null, 2]") else { panic!("no doubles") };
        assert!(values[0].is_nan() && values[1].to_bits() == 2.0_f64.to_bits());
        assert!(data(DType::Int32, &[1], "[null]").is_err());
    }

    proptest! {
        #[test]
        fn any_json_is_read_or_refused(
            json in "\\PC{0,4}|[\\[\\],0-9.e\\-\" ]{0,24}",
            shape in prop::collection::vec(0..4_usize, 0..4),
        ) {
            if let Ok(raw) = RawValue::from_string(json) {
                let _ = decode(DType::Fp32, &shape, &raw);
                let _ = decode(DType::Bytes, &shape, &raw);
            }
        }
    }
}
