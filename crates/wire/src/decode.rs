//! The two ways in: a JSON body, or a query string.
//!
//! The good path decodes straight from the bytes. Only when that fails is the body parsed a second time, as a
//! tree, because the sentence the user reads names the field and repeats the value.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::depth::MAX_DEPTH;
use crate::explain::{explain, unknown_field};
use crate::query::Keys;
use crate::{depth, nul, query};

/// Most values in one body. Small values take more room decoded than written, so the length alone is no bound.
const MAX_VALUES: usize = 1_000_000;

/// Some editors on Windows begin every file with it, and curl sends the file as it is.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A request that is not the message it should be; the display is the sentence for the caller, a 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is not JSON.
    #[error("The request body is not valid JSON: {0}")]
    NotJson(String),
    /// The body is JSON, but not an object.
    #[error("The request body must be a JSON object, got a value of type '{0}'.")]
    NotAnObject(&'static str),
    /// The body holds more values than any request needs.
    #[error("The request body holds more than {MAX_VALUES} values.")]
    TooManyValues,
    /// The body is nested deeper than any request needs to be.
    #[error("The request body is nested deeper than {MAX_DEPTH} levels.")]
    TooDeep,
    /// One field is there twice, in both its spellings.
    #[error("Request specifies both '{snake}' and '{camel}'; provide only one of them.")]
    BothSpellings {
        /// The spelling with underscores.
        snake: String,
        /// The spelling with capitals.
        camel: String,
    },
    /// A field that must be there holds an empty text, which MLflow counts as absent.
    #[error(
        "Missing value for required parameter '{name}'. See the API docs for more information about request \
         parameters."
    )]
    Missing {
        /// The field, such as `value` or `metrics[0].value`.
        name: String,
    },
    /// The message has no such field, and refuses those that it does not have.
    #[error("Unknown parameter '{name}'. See the API docs for more information about request parameters.")]
    Unknown {
        /// As the caller spells it.
        name: String,
    },
    /// A text holds a NUL character, which not every database can store.
    #[error("Invalid value for parameter '{name}' supplied: it holds a NUL character")]
    Nul {
        /// The field, such as `tags[0].value`.
        name: String,
    },
    /// A field has a value of another type, or one outside its range.
    #[error(
        "Invalid value {value} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'. \
         See the API docs for more information about request parameters."
    )]
    WrongValue {
        /// The field, such as `experiment_id` or `metrics[0].key`.
        name: String,
        /// Its value as JSON, shortened to at most 200 characters.
        value: String,
        /// The value's type in Python's words.
        kind: &'static str,
    },
}

/// Decodes a JSON body; an empty body and `null` are the empty message.
///
/// Old clients send their JSON as a JSON string, so a string is decoded once more.
pub fn decode_json<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, DecodeError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    check_size(body)?;
    if nul::may_occur(body) {
        return decode_tree(&parse(body)?);
    }
    match serde_json::from_slice(body) {
        Ok(message) => Ok(message),
        Err(_) => decode_tree(&parse(body)?),
    }
}

/// Decodes a query string: repeated keys fill repeated fields, other fields take their first value.
pub fn decode_query<T: DeserializeOwned>(query: &str) -> Result<T, DecodeError> {
    query::decode(query, Keys::AsMlflow)
}

/// Decodes a query string that stands for a body of ours: both spellings of a field, and no field that the message does not have.
pub fn decode_query_as_body<T: DeserializeOwned>(query: &str) -> Result<T, DecodeError> {
    query::decode(query, Keys::AsInBodies)
}

/// Refuses a body that would take far more room decoded than it does written.
fn check_size(body: &[u8]) -> Result<(), DecodeError> {
    if holds_too_many_values(body) {
        return Err(DecodeError::TooManyValues);
    }
    if depth::is_too_deep(body) {
        return Err(DecodeError::TooDeep);
    }
    Ok(())
}

/// Cuts at commas, which part all fields and items. Those inside of text count too: the bound has room for them.
fn holds_too_many_values(body: &[u8]) -> bool {
    body.len() > MAX_VALUES && body.split(|byte| *byte == b',').nth(MAX_VALUES).is_some()
}

fn parse(body: &[u8]) -> Result<Value, DecodeError> {
    let not_json = |error: serde_json::Error| DecodeError::NotJson(error.to_string());
    match serde_json::from_slice(body).map_err(not_json)? {
        Value::String(inner) => serde_json::from_str(&inner).map_err(not_json),
        tree => Ok(tree),
    }
}

/// Decodes a parsed body. It can succeed where the bytes failed: in a tree the last of two equal keys has won.
fn decode_tree<T: DeserializeOwned + Default>(tree: &Value) -> Result<T, DecodeError> {
    nul::refuse(tree)?;
    match tree {
        Value::Null => Ok(T::default()),
        Value::Object(_) => {
            serde_path_to_error::deserialize(tree).map_err(|error| match unknown_field(error.inner()) {
                Some(name) => DecodeError::Unknown { name },
                None => explain(tree, error.path()),
            })
        }
        other => Err(DecodeError::NotAnObject(crate::explain::python_type(other))),
    }
}

#[cfg(test)]
mod tests;
