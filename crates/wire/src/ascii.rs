//! JSON in ASCII alone, as Python writes it: readers that guess the encoding of an answer cannot guess wrong.
//!
//! Outside of its texts JSON is ASCII anyway, so escaping whatever is not needs no look at the structure.

use std::fmt::Write as _;

/// The one ASCII character that serde leaves as it is and Python escapes.
const DELETE: u8 = 0x7f;

/// Escapes every character of a JSON text that is not printable ASCII as `\uXXXX`, those above U+FFFF as two.
/// Line breaks between the values stay: inside of texts they are escaped already.
pub fn escape(json: Vec<u8>) -> Vec<u8> {
    // Both look at many bytes at a time.
    if json.is_ascii() && !json.contains(&DELETE) {
        return json;
    }
    let mut ascii = String::with_capacity(json.len() * 2);
    for character in String::from_utf8_lossy(&json).chars() {
        push(&mut ascii, character);
    }
    ascii.into_bytes()
}

fn push(ascii: &mut String, character: char) {
    if character < char::from(DELETE) {
        return ascii.push(character);
    }
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(ascii, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_not_ascii_is_escaped_as_python_does() {
        let json = Value::from("ü 🚂 \u{7f}<\"\\/\u{1}é\u{ffff}").to_string();
        let expected = "\"\\u00fc \\ud83d\\ude82 \\u007f<\\\"\\\\/\\u0001\\u00e9\\uffff\"";
        let escaped = String::from_utf8(escape(json.clone().into_bytes())).unwrap();
        assert_eq!(escaped, expected);
        assert_eq!(
            serde_json::from_str::<Value>(&escaped).unwrap(),
            serde_json::from_str::<Value>(&json).unwrap()
        );
    }
}
