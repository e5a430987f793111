//! Values as Python writes them, because MLflow shows them so: JSON in page tokens and deliveries, literals in messages.
//!
//! Both are JSON with other punctuation, so both are formatters of `serde_json`, which walks the value.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

/// `value` as Python's `json.dumps` prints it: a space behind every comma and colon, ASCII only.
pub fn json(value: &impl Serialize) -> String {
    formatted(value, Json)
}

/// `value` as Python's `repr` prints it: `['a', None]`, `{'x': True}`.
pub fn literal(value: &impl Serialize) -> String {
    formatted(value, Literal::default())
}

/// `bytes` as Python's `repr` prints them: `b'\xff'`.
pub(crate) fn bytes_literal(bytes: &[u8]) -> String {
    let text: String = bytes.iter().copied().map(char::from).collect();
    let quoted: String =
        quoted(&text).chars().map(|c| if c.is_ascii() { c.into() } else { escape(c) }).collect();
    format!("b{quoted}")
}

/// Nothing that this crate formats has a map key or a number that JSON could not hold.
fn formatted(value: &impl Serialize, formatter: impl Formatter) -> String {
    let mut text = Vec::new();
    match value.serialize(&mut Serializer::with_formatter(&mut text, formatter)) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) => error.to_string(),
    }
}

struct Json;

impl Formatter for Json {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        comma(writer, is_first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        comma(writer, is_first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let mut units = [0; 2];
        for c in text.chars() {
            if c.is_ascii() {
                writer.write_all(&[c as u8])?;
                continue;
            }
            for unit in c.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

/// Gathers each text, because its quotes depend on all of it.
#[derive(Default)]
struct Literal {
    text: String,
}

impl Formatter for Literal {
    fn write_null<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"None")
    }

    fn write_bool<W: ?Sized + Write>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        writer.write_all(if value { b"True" } else { b"False" })
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        comma(writer, is_first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        comma(writer, is_first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn begin_string<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.text.clear();
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _writer: &mut W, text: &str) -> io::Result<()> {
        self.text.push_str(text);
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        _writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        self.text.push(match escape {
            CharEscape::Quote => '"',
            CharEscape::ReverseSolidus => '\\',
            CharEscape::Solidus => '/',
            CharEscape::Backspace => '\x08',
            CharEscape::FormFeed => '\x0c',
            CharEscape::LineFeed => '\n',
            CharEscape::CarriageReturn => '\r',
            CharEscape::Tab => '\t',
            CharEscape::AsciiControl(byte) => char::from(byte),
        });
        Ok(())
    }

    fn end_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(quoted(&self.text).as_bytes())
    }
}

fn comma<W: ?Sized + Write>(writer: &mut W, is_first: bool) -> io::Result<()> {
    if is_first { Ok(()) } else { writer.write_all(b", ") }
}

/// Single quotes, unless the text has those and no double ones.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut literal = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            _ if c == quote => literal.extend(['\\', c]),
            _ if c.is_control() => literal.push_str(&escape(c)),
            _ => literal.push(c),
        }
    }
    literal.push(quote);
    literal
}

/// Only for characters below U+0100: control characters, and bytes that stand for themselves.
fn escape(c: char) -> String {
    format!("\\x{:02x}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_has_pythons_spaces_and_escapes() {
        let value = json!({"a": [1, null, "é\u{1f600}\n\u{7f}"], "b": {"c": true}});
        assert_eq!(
            json(&value),
            "{\"a\": [1, null, \"\\u00e9\\ud83d\\ude00\\n\u{7f}\"], \"b\": {\"c\": true}}"
        );
    }

    #[test]
    fn literals_have_pythons_words_and_quotes() {
        let value = json!({"a": [1, null, true], "b": "it's", "c": "\"it's\"", "d": "é\\\n\u{1}"});
        let expected = r#"{'a': [1, None, True], 'b': "it's", 'c': '"it\'s"', 'd': 'é\\\n\x01'}"#;
        assert_eq!(literal(&value), expected);
    }

    #[test]
    fn bytes_that_are_not_ascii_are_escaped() {
        assert_eq!(bytes_literal(b"a'\xff\n"), r#"b"a'\xff\n""#);
    }
}
