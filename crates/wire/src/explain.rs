//! What was wrong with a body: finds the value that did not fit and says it in MLflow's words.

use std::fmt;

use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use crate::decode::DecodeError;

/// Longest value repeated in a message, in characters.
const MAX_VALUE_CHARS: usize = 200;

/// Numbers that are required wherever they stand.
const REQUIRED_NUMBERS: [&str; 2] = ["value", "timestamp"];

/// The reason why `tree` did not decode; decoding stopped at `path`.
pub(crate) fn explain(tree: &Value, path: &Path) -> DecodeError {
    if let Some(error) = both_spellings(tree) {
        return error;
    }
    let mut segments: Vec<&Segment> = path.iter().collect();
    // An item of the wrong type is told about its list, as MLflow does: the list is the parameter.
    if let [.., Segment::Map { .. }, Segment::Seq { .. }] = segments.as_slice() {
        segments.pop();
    }
    let (name, value) = (name_of(&segments), value_at(tree, &segments));
    if value.as_str() == Some("")
        && name.rsplit('.').next().is_some_and(|last| REQUIRED_NUMBERS.contains(&last))
    {
        return DecodeError::Missing { name };
    }
    wrong_value(name, value)
}

/// The field that a message does not have; serde tells it in words alone.
pub(crate) fn unknown_field(error: &impl fmt::Display) -> Option<String> {
    let text = error.to_string();
    let (name, _) = text.strip_prefix("unknown field `")?.split_once('`')?;
    Some(name.to_owned())
}

/// The error for a field `name` that holds `value`.
pub(crate) fn wrong_value(name: String, value: &Value) -> DecodeError {
    let text = value.to_string();
    let value_text = match text.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    };
    DecodeError::WrongValue { name, value: value_text, kind: python_type(value) }
}

/// The type of `value` in the words of Python's JSON reader.
pub(crate) fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

fn value_at<'a>(tree: &'a Value, segments: &[&Segment]) -> &'a Value {
    let step = |value: &'a Value, segment: &&Segment| match segment {
        Segment::Map { key } => value.get(key),
        Segment::Seq { index } => value.get(index),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    segments.iter().try_fold(tree, step).unwrap_or(tree)
}

fn name_of(segments: &[&Segment]) -> String {
    let mut name = String::new();
    for segment in segments {
        match segment {
            Segment::Map { key } if name.is_empty() => name = snake_case(key),
            Segment::Map { key } => name = format!("{name}.{}", snake_case(key)),
            Segment::Seq { index } => name = format!("{name}[{index}]"),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    name
}

/// `experimentId` → `experiment_id`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// The first key, at any depth, that stands beside its own other spelling.
fn both_spellings(tree: &Value) -> Option<DecodeError> {
    match tree {
        Value::Object(fields) => twin_in(fields).or_else(|| fields.values().find_map(both_spellings)),
        Value::Array(items) => items.iter().find_map(both_spellings),
        _ => None,
    }
}

fn twin_in(fields: &Map<String, Value>) -> Option<DecodeError> {
    fields.keys().find_map(|key| {
        let snake = snake_case(key);
        let twins = snake != *key && fields.contains_key(&snake);
        twins.then(|| DecodeError::BothSpellings { snake, camel: key.clone() })
    })
}
