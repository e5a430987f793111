//! YAML as people and MLflow write it: read with bounds on what anchors may multiply, and errors that tell the line.

use serde::de::DeserializeOwned;
use serde_saphyr::options::{MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Options, UserMessageFormatter};

/// Most documents in one text.
const MAX_DOCUMENTS: usize = 200;

/// Most anchors in one text, and most uses of them.
const MAX_ANCHORS: usize = 100;

/// Most pieces that the uses of anchors may add to a text.
const MAX_REPEATED: usize = 10_000;

/// What was wrong with a YAML text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct YamlError {
    /// From 1; the line of what is wrong.
    pub line: u64,
    /// Without a full stop.
    pub reason: String,
    /// Set where a field is wrong that is not known.
    pub unknown: Option<UnknownField>,
}

/// A field that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    /// As it is written.
    pub field: String,
    /// Those that are known there.
    pub known: Vec<&'static str>,
}

impl YamlError {
    pub(crate) fn new(line: u64, reason: impl Into<String>) -> Self {
        YamlError { line, reason: reason.into(), unknown: None }
    }
}

impl From<Error> for YamlError {
    fn from(error: Error) -> Self {
        let location = error.location();
        let line = location.map_or(1, |location| location.line().max(1));
        YamlError { unknown: unknown(&error), ..YamlError::new(line, reason(&error)) }
    }
}

/// The names of known fields are those that people write: no twins in camelCase, which only JSON has.
fn unknown(error: &Error) -> Option<UnknownField> {
    let Error::SerdeUnknownField { field, expected, .. } = error.without_snippet() else { return None };
    let is_written = |name: &&str| !name.contains(char::is_uppercase);
    Some(UnknownField { field: field.clone(), known: expected.iter().copied().filter(is_written).collect() })
}

/// The error in the reader's words, without the place that the reader adds at their end.
fn reason(error: &Error) -> String {
    let error = error.without_snippet();
    if let Error::Unexpected { expected, .. } = error {
        return match *expected {
            "mapping start" => "expected fields with values".to_owned(),
            "sequence start" => "expected a list".to_owned(),
            "string scalar" => "expected a text".to_owned(),
            other => format!("expected {other}"),
        };
    }
    let text = error.render_with_formatter(&UserMessageFormatter);
    text.split_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned()
}

/// How all YAML is read here.
pub(crate) fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: MAX_DOCUMENTS,
            max_anchors: MAX_ANCHORS,
            max_aliases: MAX_ANCHORS,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPEATED },
        merge_keys: MergeKeyPolicy::Error,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// Reads every document of a text of at most `max_bytes`; empty ones are skipped.
pub(crate) fn documents<T: DeserializeOwned>(text: &str, max_bytes: usize) -> Result<Vec<T>, YamlError> {
    check_length(text, max_bytes)?;
    Ok(serde_saphyr::from_multiple_with_options(text, options())?)
}

pub(crate) fn check_length(text: &str, max_bytes: usize) -> Result<(), YamlError> {
    if text.len() > max_bytes {
        return Err(YamlError::new(1, format!("the file is longer than {max_bytes} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    fn error(text: &str) -> String {
        documents::<BTreeMap<String, Value>>(text, 100_000).unwrap_err().to_string()
    }

    #[test]
    fn errors_tell_the_line_and_nothing_of_columns() {
        for (text, expected) in [
            ("a: 1\nb: 'x\n", "line 2: unclosed quote"),
            ("a: 1\na: 2\n", "line 2: duplicate mapping key `a` is not allowed here"),
            ("a: b: c\n", "line 1: mapping values are not allowed in this context"),
            ("- a\n", "line 1: expected fields with values"),
            ("a: !secret b\n", "line 1: unsupported tag `!secret`"),
        ] {
            assert_eq!(error(text), expected, "{text}");
        }
        assert!(error("a: &a {b: 1}\nc:\n  <<: *a\n").starts_with("line 3: "));
        assert_eq!(error(&" ".repeat(100_001)), "line 1: the file is longer than 100000 bytes");
    }

    #[test]
    fn anchors_cannot_blow_a_text_up() {
        let line = |name: &str, of: &str| format!("{name}: &{name} [{}]\n", format!("*{of},").repeat(9));
        let bomb = format!("a: &a [{}]\n", "x,".repeat(9))
            + &[("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e")]
                .map(|(n, of)| line(n, of))
                .concat();
        assert!(error(&bomb).contains("too large or too complex"), "{}", error(&bomb));
        assert!(error(&format!("a: {}", "[".repeat(50_000))).starts_with("line 1: "));
        assert!(documents::<Value>(&"---\na: 1\n".repeat(MAX_DOCUMENTS + 1), 100_000).is_err());
    }

    #[test]
    fn documents_are_read_one_after_the_other() {
        let read: Vec<BTreeMap<String, Value>> =
            documents("a: 1\n---\n---\na: 3.17.2\nb: .nan\n", 100).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[1]["a"], "3.17.2");
        assert_eq!(read[1]["b"], ".nan");
    }
}
