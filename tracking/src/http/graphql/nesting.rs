//! How deep a document is nested, told from its characters alone: the parser calls itself for every level, so a
//! document must not reach it that would use up the stack.

/// Deepest nesting of braces, brackets and parentheses that is parsed; real documents stay under 25.
const MAX_NESTING: usize = 64;

/// Whether a document is nested deeper than the parser should see. What stands in strings and comments does not
/// count.
pub(super) fn is_too_deep(query: &str) -> bool {
    let mut depth = 0_usize;
    let mut rest = query.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match first {
            b'#' => after_comment(after),
            b'"' => after_string(rest),
            _ => after,
        };
        match first {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return true;
        }
    }
    false
}

fn after_comment(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len());
    &text[end..]
}

/// What follows the string that `text` begins with; nothing when it does not end.
fn after_string(text: &[u8]) -> &[u8] {
    if let Some(block) = text.strip_prefix(br#"""""#) {
        return after_quotes(block, br#"""""#);
    }
    after_quotes(&text[1..], b"\"")
}

fn after_quotes<'a>(text: &'a [u8], quotes: &[u8]) -> &'a [u8] {
    let mut rest = text;
    while let [first, after @ ..] = rest {
        if let Some(end) = rest.strip_prefix(quotes) {
            return end;
        }
        rest = if *first == b'\\' { after.get(1..).unwrap_or_default() } else { after };
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(times: usize, inside: &str) -> String {
        format!("{}{inside}{}", "{a".repeat(times), "}".repeat(times))
    }

    #[test]
    fn documents_are_parsed_up_to_a_depth() {
        assert!(!is_too_deep(&nested(MAX_NESTING, "")));
        assert!(is_too_deep(&nested(MAX_NESTING + 1, "")));
        assert!(is_too_deep(&"[".repeat(100_000)));
        assert!(!is_too_deep(&"{}".repeat(1_000)));
    }

    #[test]
    fn nothing_in_strings_and_comments_counts() {
        for inside in ["\"}}}\"", "\"\\\"}}}\"", "\"\"\" }\" \\\"\"\"}} \"\"\"", "#}}}\n", "\"\""] {
            assert!(!is_too_deep(&nested(MAX_NESTING, inside)), "{inside}");
            assert!(is_too_deep(&nested(MAX_NESTING, &format!("{inside}{{a"))), "{inside}");
        }
        assert!(!is_too_deep(&format!("\"{}", "{".repeat(1_000))));
    }
}
