//! Page tokens: how a client asks for the rows after those it has seen.
//!
//! A token is base64 of a small JSON object with an offset. The plain one is byte for byte MLflow's, so a
//! client may change servers between two pages. The one of the logged-model search also carries the query,
//! because the client resends the query with every page and a different one would skip or repeat rows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::filter::logged_models::OrderByField;
use crate::invalid::Invalid;

/// Largest offset a token may hold: adding a page size to it cannot overflow.
const MAX_OFFSET: i64 = 1 << 52;

/// Longest token that is looked at, in bytes; the logged-model token holds a whole filter.
const MAX_TOKEN_LEN: usize = 1_000_000;

/// The token that continues a search at row `offset` (≥ 1).
pub fn encode_offset(offset: i64) -> String {
    STANDARD.encode(format!(r#"{{"offset": {offset}}}"#))
}

/// The offset in `token`, from 1 to 2^52; an empty token starts at 0.
pub fn decode_offset(token: &str) -> Result<i64, Invalid> {
    if token.is_empty() {
        return Ok(0);
    }
    let parsed = decode_json(token)?;
    read_offset(&parsed["offset"])
        .filter(|offset| *offset > 0)
        .ok_or_else(|| Invalid::message(format!("Invalid page token, parsed value={parsed}")))
}

/// What a page token of the logged-model search is bound to: the parts of the request that choose and order rows.
#[derive(Debug, Clone, Copy)]
pub struct LoggedModelQuery<'a> {
    /// The requested experiments, in the order of the request.
    pub experiment_ids: &'a [String],
    /// The filter as sent; empty when there is none.
    pub filter: &'a str,
    /// The requested order as sent.
    pub order_by: &'a [OrderByField],
}

/// The token that continues the logged-model search `query` at row `offset`.
pub fn encode_logged_models(query: LoggedModelQuery<'_>, offset: i64) -> String {
    let mut token = query_json(query);
    token["offset"] = json!(offset);
    STANDARD.encode(token.to_string())
}

/// The offset in `token`, from 0 to 2^52, when the token was made for the same `query`; an empty token starts at 0.
pub fn decode_logged_models(token: &str, query: LoggedModelQuery<'_>) -> Result<i64, Invalid> {
    if token.is_empty() {
        return Ok(0);
    }
    let parsed = decode_json(token)?;
    let expected = query_json(query);
    for field in ["experiment_ids", "filter_string", "order_by"] {
        if parsed[field] != expected[field] {
            return Err(mismatch(field, &expected[field], &parsed[field]));
        }
    }
    read_offset(&parsed["offset"])
        .ok_or_else(|| Invalid::message(format!("Invalid page token, offset={}", parsed["offset"])))
}

fn mismatch(name: &str, expected: &Value, found: &Value) -> Invalid {
    Invalid::message(format!(
        "The page token was made for another search: {name} differs. Expected: {expected}. Found: {found}"
    ))
}

fn query_json(query: LoggedModelQuery<'_>) -> Value {
    let order_by: Vec<Value> = query.order_by.iter().map(order_json).collect();
    json!({
        "experiment_ids": query.experiment_ids,
        "filter_string": Some(query.filter).filter(|filter| !filter.is_empty()),
        "order_by": Some(order_by).filter(|order_by| !order_by.is_empty()),
    })
}

fn order_json(field: &OrderByField) -> Value {
    json!({
        "field_name": field.field_name,
        "ascending": field.ascending,
        "dataset_name": field.dataset_name,
        "dataset_digest": field.dataset_digest,
    })
}

fn decode_json(token: &str) -> Result<Value, Invalid> {
    let not_base64 = || Invalid::message("Invalid page token, could not base64-decode");
    if token.len() > MAX_TOKEN_LEN {
        return Err(not_base64());
    }
    let bytes = STANDARD.decode(token).map_err(|_| not_base64())?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| {
        Invalid::message(format!("Invalid page token, decoded value={}", bytes.escape_ascii()))
    })?;
    if value.is_object() {
        return Ok(value);
    }
    Err(Invalid::message(format!("Invalid page token, parsed value={value}")))
}

fn read_offset(value: &Value) -> Option<i64> {
    value.as_i64().filter(|offset| (0..=MAX_OFFSET).contains(offset))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(token: &str) -> String {
        decode_offset(token).unwrap_err().to_string()
    }

    #[test]
    fn offset_tokens_are_mlflows_byte_for_byte() {
        assert_eq!(encode_offset(1), "eyJvZmZzZXQiOiAxfQ==");
        assert_eq!(decode_offset("eyJvZmZzZXQiOiAxfQ=="), Ok(1));
        assert_eq!(decode_offset(""), Ok(0));
    }

    #[test]
    fn bad_tokens_are_told_in_mlflows_words() {
        assert_eq!(error("%"), "Invalid page token, could not base64-decode");
        assert_eq!(error(&STANDARD.encode("hello")), "Invalid page token, decoded value=hello");
        for json in
            [r#"{"offset":0}"#, r#"{"offset":-1}"#, r#"{"offset":9007199254740993}"#, "{}", "[1]", "1"]
        {
            let token = STANDARD.encode(json);
            assert_eq!(error(&token), format!("Invalid page token, parsed value={json}"));
        }
    }

    #[test]
    fn a_logged_model_token_serves_only_the_query_it_was_made_for() {
        let experiment_ids = ["1".to_owned()];
        let query = LoggedModelQuery { experiment_ids: &experiment_ids, filter: "name = 'a'", order_by: &[] };
        let token = encode_logged_models(query, 7);
        assert_eq!(decode_logged_models(&token, query), Ok(7));
        let other = LoggedModelQuery { filter: "", ..query };
        let error = decode_logged_models(&token, other).unwrap_err().to_string();
        assert!(error.contains("filter_string differs"), "{error}");
        assert!(decode_logged_models(&encode_offset(7), query).is_err());
    }

    proptest! {
        #[test]
        fn no_token_makes_decoding_panic(token in any::<String>(), json in any::<String>()) {
            let query = LoggedModelQuery { experiment_ids: &[], filter: "", order_by: &[] };
            for token in [token, STANDARD.encode(json)] {
                let _ = decode_offset(&token);
                let _ = decode_logged_models(&token, query);
            }
        }

        #[test]
        fn every_offset_comes_back(offset in 1..=MAX_OFFSET, filter in any::<String>()) {
            prop_assert_eq!(decode_offset(&encode_offset(offset)), Ok(offset));
            let query = LoggedModelQuery { experiment_ids: &[], filter: &filter, order_by: &[] };
            prop_assert_eq!(decode_logged_models(&encode_logged_models(query, offset), query), Ok(offset));
        }
    }
}
