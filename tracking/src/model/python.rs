//! Texts as Python prints them: parts of messages that users of the original know.

/// A text in quotes: single ones, unless it holds those and no double ones.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            c if c == quote => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

/// A list of things that are already texts.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_follow_what_the_text_holds() {
        for (text, expected) in
            [("a", "'a'"), ("it's", r#""it's""#), (r#"it's "b""#, r#"'it\'s "b"'"#), ("a\nb\\", r"'a\nb\\'")]
        {
            assert_eq!(quoted(text), expected);
        }
        assert_eq!(list(["'a'".to_owned(), "'b'".to_owned()]), "['a', 'b']");
    }
}
