//! Rules for names and values that callers choose: characters, lengths, and what to do when one is too long.
//!
//! Lengths are counted in Unicode characters, as Python's `len` and PostgreSQL's VARCHAR(n) count them.

use forebay_core::invalid::Invalid;

/// Longest key of a metric, parameter or tag, in characters.
pub(crate) const MAX_KEY_CHARS: usize = 250;

/// What happens to a parameter or tag value over its limit (`MLFLOW_TRUNCATE_LONG_VALUES`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongValues {
    /// It is cut to the limit.
    Truncate,
    /// The request is refused.
    Refuse,
}

/// Checks the characters and the path-likeness of a metric, parameter or tag key. `field` is asked for the name of
/// the field when a message needs it.
pub(crate) fn check_key(key: &str, field: impl FnOnce() -> String) -> Result<(), Invalid> {
    if !key.chars().all(is_key_char) {
        return Err(Invalid::value(
            &field(),
            key,
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), \
             colon(:) and slashes (/).",
        ));
    }
    if !(key.is_empty() || key.contains('/') || key.starts_with('.')) {
        return Ok(());
    }
    let normal = normalise(key);
    if normal != key || normal == "." || normal.starts_with("..") || normal.starts_with('/') {
        return Err(Invalid::value(
            &field(),
            key,
            &format!(
                "Names may be treated as files in certain cases, and must not resolve to other names when \
                 treated as such. This name would resolve to '{normal}'"
            ),
        ));
    }
    Ok(())
}

/// Refuses a text of more than `max_chars` characters; `name` is how the message calls it.
pub(crate) fn check_length(name: &str, max_chars: usize, text: &str) -> Result<(), Invalid> {
    if is_longer(text, max_chars) {
        return Err(Invalid::message(format!(
            "'{name}' exceeds the maximum length of {max_chars} characters"
        )));
    }
    Ok(())
}

/// `text` if it fits into `max_chars` characters; else cut or refused.
pub(crate) fn fit(name: &str, max_chars: usize, text: String, long: LongValues) -> Result<String, Invalid> {
    if long == LongValues::Refuse || !is_longer(&text, max_chars) {
        return check_length(name, max_chars, &text).map(|()| text);
    }
    tracing::debug!(name, max_chars, "a value was cut to the limit");
    Ok(text.chars().take(max_chars).collect())
}

/// Where in a request a thing stands, as messages name it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Position<'a> {
    /// Its fields are the request's own.
    Top,
    /// `metrics[3]`.
    Item { list: &'a str, index: usize },
}

impl Position<'_> {
    /// How messages name a field of the thing.
    pub(crate) fn field(self, name: &str) -> String {
        match self {
            Position::Top => name.to_owned(),
            Position::Item { list, index } => format!("{list}[{index}].{name}"),
        }
    }
}

/// Whether a text has more than `max_chars` characters.
pub(crate) fn is_longer(text: &str, max_chars: usize) -> bool {
    // A text has at least as many bytes as characters, so most need no counting.
    text.len() > max_chars && text.chars().nth(max_chars).is_some()
}

/// Python's `\w` is a Unicode letter, digit or underscore.
fn is_key_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | ' ' | ':')
}

/// The path that a name would resolve to as a POSIX file name, by the rules of Python's `posixpath.normpath`.
fn normalise(name: &str) -> String {
    let leading = match name.bytes().take_while(|byte| *byte == b'/').count() {
        // POSIX gives exactly two leading slashes a meaning of their own.
        2 => "//",
        0 => "",
        _ => "/",
    };
    let mut segments: Vec<&str> = Vec::new();
    for segment in name.split('/') {
        match segment {
            "" | "." => {}
            ".." if segments.last().is_none_or(|last| *last == "..") => {
                if leading.is_empty() {
                    segments.push("..");
                }
            }
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let path = format!("{leading}{}", segments.join("/"));
    if path.is_empty() { ".".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_may_be_nested_but_must_not_resolve_to_other_names() {
        for key in ["a", "a/b", "train loss", "x-y_z.1:2", "ñ", "a/..b"] {
            assert!(check_key(key, || "key".to_owned()).is_ok(), "{key}");
        }
        for key in ["", ".", "..", "../a", "a/../../b", "a//b", "/a", "a/", "./a", "a/."] {
            let error = check_key(key, || "key".to_owned()).unwrap_err().to_string();
            assert!(error.contains("must not resolve to other names"), "{key}: {error}");
        }
        for key in ["a#b", "a\nb", "a\"b", "a\u{0}b"] {
            assert!(
                check_key(key, || "key".to_owned()).unwrap_err().to_string().contains("alphanumerics"),
                "{key}"
            );
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(check_length("key", 3, "ñññ").is_ok());
        let error = check_length("key", 3, "ññññ").unwrap_err();
        assert_eq!(error.to_string(), "'key' exceeds the maximum length of 3 characters");
        assert_eq!(fit("value", 3, "ññññ".to_owned(), LongValues::Truncate).unwrap(), "ñññ");
        assert!(fit("value", 3, "ññññ".to_owned(), LongValues::Refuse).is_err());
    }
}
