//! The text of a JSON body as Python's reader takes it, and its errors without the reader's own words.

use std::borrow::Cow;

use serde_json::error::Category;

/// The body in UTF-8: a byte-order mark is dropped, UTF-16 is converted.
///
/// # Errors
/// When it is UTF-16 with a broken pair.
pub(crate) fn utf8(body: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    match body {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Ok(Cow::Borrowed(rest)),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // JSON begins with an ASCII character, so one zero byte tells width and order.
        [first, 0, ..] if *first != 0 => utf16(body, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(body, u16::from_be_bytes),
        _ => Ok(Cow::Borrowed(body)),
    }
}

fn utf16(body: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, [u8]>, String> {
    let units = body.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if body.len().is_multiple_of(2) => Ok(Cow::Owned(text.into_bytes())),
        _ => Err("the body is not UTF-16".to_owned()),
    }
}

/// The same JSON with the tokens of Python that are none: NaN becomes null, an infinity its text. None when there are
/// none of them outside of texts.
pub(crate) fn without_python_numbers(body: &[u8]) -> Option<Vec<u8>> {
    const TOKENS: [(&[u8], &[u8]); 3] =
        [(b"NaN", b"null"), (b"-Infinity", b"\"-Infinity\""), (b"Infinity", b"\"Infinity\"")];
    let mut out = Vec::with_capacity(body.len());
    let (mut rest, mut is_changed) = (body, false);
    while let Some(&byte) = rest.first() {
        if byte == b'"' {
            let (text, behind) = rest.split_at(text_len(rest));
            out.extend_from_slice(text);
            rest = behind;
        } else if let Some((token, instead)) = TOKENS.iter().find(|(token, _)| rest.starts_with(token)) {
            out.extend_from_slice(instead);
            rest = &rest[token.len()..];
            is_changed = true;
        } else {
            out.push(byte);
            rest = &rest[1..];
        }
    }
    is_changed.then_some(out)
}

/// Bytes of the text that begins here, with its quotation marks.
fn text_len(bytes: &[u8]) -> usize {
    let mut position = 1;
    while position < bytes.len() {
        match bytes[position] {
            b'\\' => position += 2,
            b'"' => return position + 1,
            _ => position += 1,
        }
    }
    bytes.len()
}

/// What went wrong: our own sentence about the data, or where the JSON ends to be JSON.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match error.classify() {
        Category::Data => {
            let place = format!(" at line {} column {}", error.line(), error.column());
            text.strip_suffix(&place).map_or(text.clone(), str::to_owned)
        }
        _ => format!("Ensure that input is a valid JSON formatted string. Error: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_utf16_are_read_as_python_reads_them() {
        assert_eq!(utf8(b"\xEF\xBB\xBF{}").unwrap().as_ref(), b"{}");
        assert_eq!(utf8(b"{\0}\0").unwrap().as_ref(), b"{}");
        assert_eq!(utf8(b"\xFE\xFF\0{\0}").unwrap().as_ref(), b"{}");
        assert!(utf8(b"{\0}").is_err());
        assert_eq!(utf8(b"").unwrap().as_ref(), b"");
    }

    #[test]
    fn tokens_of_python_become_json_outside_of_texts() {
        let changed = without_python_numbers(br#"{"NaN\"": [NaN, -Infinity, Infinity, "NaN"]}"#).unwrap();
        assert_eq!(changed, br#"{"NaN\"": [null, "-Infinity", "Infinity", "NaN"]}"#);
        assert_eq!(without_python_numbers(br#"{"NaN": 1"#), None);
        assert_eq!(without_python_numbers(br#"["unfinished\"#), None);
    }
}
