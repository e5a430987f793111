//! Values as MLflow's messages give them: a field that is not there reads as the empty value of its type.

use async_graphql::{InputValueError, InputValueResult, Number, Scalar, ScalarType, Value};
use forebay_wire::number::{Double, Int64};

/// Long converted to string to prevent truncation to max integer in JavaScript
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LongString(pub(super) i64);

#[Scalar(name = "LongString")]
impl ScalarType for LongString {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::Number(number) => Number::as_i64(number),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.map(LongString).ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A text; absent is empty.
#[expect(clippy::unnecessary_wraps, reason = "a field of the schema may be null, though this one never is")]
pub(super) fn text(field: Option<String>) -> Option<String> {
    Some(field.unwrap_or_default())
}

/// An integer; absent is 0.
#[expect(clippy::unnecessary_wraps, reason = "a field of the schema may be null, though this one never is")]
pub(super) fn long(field: Option<Int64>) -> Option<LongString> {
    Some(LongString(field.unwrap_or_default().0))
}

/// A number; absent is 0, and what is no number is null, because JSON has no word for it.
pub(super) fn float(field: Option<Double>) -> Option<f64> {
    Some(field.unwrap_or_default().0).filter(|number| number.is_finite())
}

/// A list of messages as a list of objects.
#[expect(clippy::unnecessary_wraps, reason = "a field of the schema may be null, though this one never is")]
pub(super) fn list<M, T: From<M>>(messages: Vec<M>) -> Option<Vec<T>> {
    Some(messages.into_iter().map(Into::into).collect())
}
