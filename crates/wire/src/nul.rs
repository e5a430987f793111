//! The NUL character: valid in JSON, refused by PostgreSQL in any text, so refused here for every database.

use serde_json::Value;

use crate::decode::DecodeError;

/// How JSON writes a NUL; a bare one is no JSON.
const ESCAPE: &[u8] = b"\\u0000";

/// Whether the body may hold a NUL in some text; only then is it worth looking closer.
pub(crate) fn may_occur(body: &[u8]) -> bool {
    body.windows(ESCAPE.len()).any(|window| window == ESCAPE)
}

/// Refuses a tree with a NUL in a text or a key, naming the first place.
pub(crate) fn refuse(tree: &Value) -> Result<(), DecodeError> {
    match find(tree, "") {
        Some(name) => Err(DecodeError::Nul { name }),
        None => Ok(()),
    }
}

fn find(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(|| path.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| find(item, &format!("{path}[{index}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(key, field)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if key.contains('\0') { Some(path.replace('\0', "\\0")) } else { find(field, &path) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::{DecodeError, decode_json, decode_query};
    use crate::runs::LogBatch;

    #[test]
    fn a_nul_is_refused_where_it_stands() {
        let error = decode_json::<LogBatch>(br#"{"tags": [{"key": "a", "value": "x\u0000y"}]}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Invalid value for parameter 'tags[0].value' supplied: it holds a NUL character"
        );
        assert!(decode_query::<LogBatch>("run_id=a%00b").is_err());
    }

    #[test]
    fn no_way_of_writing_a_nul_gets_by() {
        for body in [
            r#"{"run_id": "\u0000"}"#,
            r#""{\"run_id\": \"\\u0000\"}""#,
            r#""{\"run_id\": \"\u005cu0000\"}""#,
        ] {
            let error = decode_json::<LogBatch>(body.as_bytes()).unwrap_err();
            assert_eq!(error, DecodeError::Nul { name: "run_id".to_owned() }, "{body}");
        }
    }

    #[test]
    fn an_escaped_backslash_before_u0000_is_text() {
        assert!(decode_json::<LogBatch>(br#"{"run_id": "a\\u0000"}"#).is_ok());
    }
}
