//! `Invalid`: what every check of caller input returns when the input is not acceptable.
//!
//! It always means `INVALID_PARAMETER_VALUE`, so it carries a message and nothing else. The message is what
//! the Python user reads; values in it are shortened, so that an answer never repeats a megabyte of request.

use serde::Serialize;

/// Longest value repeated in a message, in characters.
const MAX_VALUE_CHARS: usize = 200;

/// Longest message, in characters.
const MAX_MESSAGE_CHARS: usize = 2_000;

/// Input that was rejected, with the sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    message: String,
}

impl Invalid {
    /// The required field `name` is missing, null or empty.
    pub fn missing(name: &str) -> Self {
        Self::message(format!(
            "Missing value for required parameter '{name}'. \
             See the API docs for more information about request parameters."
        ))
    }

    /// The field `name` has a value that is not allowed; `reason` is a sentence, or empty when there is none.
    ///
    /// ```
    /// # use forebay_core::invalid::Invalid;
    /// let error = Invalid::value("max_results", &0, "It must be at least 1");
    /// assert_eq!(error.to_string(), "Invalid value 0 for parameter 'max_results' supplied: It must be at least 1");
    /// ```
    pub fn value(name: &str, value: &(impl Serialize + ?Sized), reason: &str) -> Self {
        let value = serde_json::to_string(value).unwrap_or_else(|_| "(not printable)".to_owned());
        let value = shorten(&value, MAX_VALUE_CHARS);
        let end = if reason.is_empty() { ".".to_owned() } else { format!(": {reason}") };
        Self::message(format!("Invalid value {value} for parameter '{name}' supplied{end}"))
    }

    /// A whole sentence of its own, for those that clients match on.
    pub fn message(text: impl Into<String>) -> Self {
        Self { message: shorten(&text.into(), MAX_MESSAGE_CHARS) }
    }
}

/// `text`, or its beginning followed by `...` when it is longer than `max_chars`.
fn shorten(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_is_told_in_mlflows_words() {
        let expected = "Missing value for required parameter 'name'. \
                        See the API docs for more information about request parameters.";
        assert_eq!(Invalid::missing("name").to_string(), expected);
    }

    #[test]
    fn text_values_are_quoted_and_no_reason_ends_in_a_full_stop() {
        let error = Invalid::value("run_id", "a\"b", "");
        assert_eq!(error.to_string(), r#"Invalid value "a\"b" for parameter 'run_id' supplied."#);
    }

    #[test]
    fn long_values_are_shortened_between_characters() {
        let error = Invalid::value("key", &"é".repeat(10_000), "too long").to_string();
        assert_eq!(error.chars().filter(|c| *c == 'é').count(), MAX_VALUE_CHARS - 1);
        assert!(error.ends_with("... for parameter 'key' supplied: too long"));
    }
}
