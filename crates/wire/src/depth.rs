//! How deep a body is nested. Reading known fields is bounded by itself, skipping unknown ones is not.

/// Deepest nesting of a body: what the JSON reader takes in fields that it knows.
pub(crate) const MAX_DEPTH: usize = 127;

/// Whether lists and objects of `body` are nested deeper than [`MAX_DEPTH`]. Most bodies are cleared by counting.
pub(crate) fn is_too_deep(body: &[u8]) -> bool {
    body.iter().filter(|byte| opens(**byte)).count() > MAX_DEPTH && depth_exceeds(MAX_DEPTH, body)
}

fn opens(byte: u8) -> bool {
    matches!(byte, b'[' | b'{')
}

/// Brackets in texts do not count.
fn depth_exceeds(limit: usize, body: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_at_once_counts_outside_of_texts() {
        let nested = |depth: usize| "[{\"a\":".repeat(depth / 2) + "1" + &"}]".repeat(depth / 2);
        assert!(!is_too_deep(nested(MAX_DEPTH - 1).as_bytes()));
        assert!(is_too_deep(nested(MAX_DEPTH + 1).as_bytes()));
        assert!(!is_too_deep("[{}],".repeat(1_000).as_bytes()));
        assert!(!is_too_deep(format!(r#"{{"a": "\"{}"}}"#, "[".repeat(1_000)).as_bytes()));
        assert!(is_too_deep(format!(r#"{{"\\": {}"#, "[".repeat(1_000)).as_bytes()));
    }
}
