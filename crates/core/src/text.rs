//! Rules for names and values that callers choose: characters, path-likeness, lengths.
//!
//! Lengths are counted in Unicode characters, as Python's `len` and PostgreSQL's VARCHAR(n) count them.

use crate::invalid::Invalid;

/// Longest key of a metric, parameter or tag, in characters.
pub const MAX_KEY_CHARS: usize = 250;

/// Checks the characters and the path-likeness of a metric, parameter or tag key. `field` is asked for the name of
/// the field when a message needs it.
pub fn check_key(key: &str, field: impl FnOnce() -> String) -> Result<(), Invalid> {
    if !key.chars().all(is_key_char) {
        return Err(Invalid::value(
            &field(),
            key,
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), \
             colon(:) and slashes (/).",
        ));
    }
    check_path(key, field)
}

/// Refuses a name that would be another one, or none, as the path of a file.
pub fn check_path(name: &str, field: impl FnOnce() -> String) -> Result<(), Invalid> {
    if !(name.is_empty() || name.contains('/') || name.starts_with('.')) {
        return Ok(());
    }
    let normal = normalise(name);
    if normal != name || normal == "." || normal.starts_with("..") || normal.starts_with('/') {
        return Err(Invalid::value(
            &field(),
            name,
            &format!(
                "Names may be treated as files in certain cases, and must not resolve to other names when \
                 treated as such. This name would resolve to '{normal}'"
            ),
        ));
    }
    Ok(())
}

/// Refuses a text of more than `max_chars` characters; `name` is how the message calls it.
pub fn check_length(name: &str, max_chars: usize, text: &str) -> Result<(), Invalid> {
    if is_longer(text, max_chars) {
        return Err(Invalid::message(format!(
            "'{name}' exceeds the maximum length of {max_chars} characters"
        )));
    }
    Ok(())
}

/// Whether a text has more than `max_chars` characters.
pub fn is_longer(text: &str, max_chars: usize) -> bool {
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
    }
}
