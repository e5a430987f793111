//! Page tokens: how a client asks for the rows after those it has seen.
//!
//! A token is base64 of a small JSON object with an offset. The plain one is byte for byte MLflow's, so a
//! client may change servers between two pages. The one of the logged-model search also carries the query,
//! because the client resends the query with every page and a different one would skip or repeat rows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::filter::logged_models::OrderByField;
use crate::invalid::Invalid;
use crate::python;

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
    parsed["offset"].as_i64().filter(|offset| (1..=MAX_OFFSET).contains(offset)).ok_or_else(|| {
        Invalid::message(format!("Invalid page token, parsed value={}", python::literal(&parsed)))
    })
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
    STANDARD.encode(python::json(&LoggedModelToken::new(query, offset)))
}

/// The offset in `token`, from 0 to 2^52, when the token was made for the same `query`; an empty token starts at 0.
pub fn decode_logged_models(token: &str, query: LoggedModelQuery<'_>) -> Result<i64, Invalid> {
    if token.is_empty() {
        return Ok(0);
    }
    let found = LoggedModelToken::read(token).ok_or_else(|| {
        Invalid::message(format!("Invalid page token: {token}. It is not base64 of the JSON of a search"))
    })?;
    found.check(&LoggedModelToken::new(query, found.offset))?;
    Ok(found.offset)
}

/// The JSON in a token of the logged-model search; the order of the fields is MLflow's.
#[derive(Serialize, Deserialize)]
struct LoggedModelToken {
    #[serde(default)]
    experiment_ids: Vec<String>,
    filter_string: Option<String>,
    order_by: Option<Vec<TokenOrder>>,
    #[serde(default)]
    offset: i64,
}

/// One element of `order_by` in a token; the order of the fields is MLflow's.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct TokenOrder {
    field_name: String,
    ascending: bool,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

impl LoggedModelToken {
    fn new(query: LoggedModelQuery<'_>, offset: i64) -> Self {
        let order_by: Vec<TokenOrder> = query.order_by.iter().map(TokenOrder::new).collect();
        Self {
            experiment_ids: query.experiment_ids.to_vec(),
            filter_string: Some(query.filter.to_owned()).filter(|filter| !filter.is_empty()),
            order_by: Some(order_by).filter(|order_by| !order_by.is_empty()),
            offset,
        }
    }

    fn read(token: &str) -> Option<Self> {
        if token.len() > MAX_TOKEN_LEN {
            return None;
        }
        let value: Value = serde_json::from_slice(&STANDARD.decode(token).ok()?).ok()?;
        let token: Self = value.is_object().then(|| serde_json::from_value(value).ok())??;
        (0..=MAX_OFFSET).contains(&token.offset).then_some(token)
    }

    /// Refuses a token that was made for another search than `expected` is for.
    fn check(&self, expected: &Self) -> Result<(), Invalid> {
        let (what, expected, found) = if self.experiment_ids != expected.experiment_ids {
            let ids = |token: &Self| python::literal(&token.experiment_ids);
            (
                "Experiment IDs in the page token do not match the requested experiment IDs",
                ids(expected),
                ids(self),
            )
        } else if self.filter_string != expected.filter_string {
            let filter = |token: &Self| token.filter_string.clone().unwrap_or_else(|| "None".to_owned());
            (
                "Filter string in the page token does not match the requested filter string",
                filter(expected),
                filter(self),
            )
        } else if self.order_by != expected.order_by {
            let order_by = |token: &Self| python::literal(&token.order_by);
            (
                "Order by in the page token does not match the requested order by",
                order_by(expected),
                order_by(self),
            )
        } else {
            return Ok(());
        };
        Err(Invalid::message(format!("{what}. Expected: {expected}. Found: {found}")))
    }
}

impl TokenOrder {
    fn new(field: &OrderByField) -> Self {
        Self {
            field_name: field.field_name.clone(),
            ascending: field.ascending,
            dataset_name: field.dataset_name.clone(),
            dataset_digest: field.dataset_digest.clone(),
        }
    }
}

fn decode_json(token: &str) -> Result<Value, Invalid> {
    let not_base64 = || Invalid::message("Invalid page token, could not base64-decode");
    if token.len() > MAX_TOKEN_LEN {
        return Err(not_base64());
    }
    let bytes = STANDARD.decode(token).map_err(|_| not_base64())?;
    serde_json::from_slice(&bytes).map_err(|_| {
        Invalid::message(format!("Invalid page token, decoded value={}", python::bytes_literal(&bytes)))
    })
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
        assert_eq!(error(&STANDARD.encode("hello")), "Invalid page token, decoded value=b'hello'");
        for (json, shown) in [
            (r#"{"offset":0}"#, "{'offset': 0}"),
            (r#"{"offset":-1}"#, "{'offset': -1}"),
            (r#"{"offset":9007199254740993}"#, "{'offset': 9007199254740993}"),
            (r#"{"x":null}"#, "{'x': None}"),
            ("[1]", "[1]"),
            ("1", "1"),
        ] {
            let token = STANDARD.encode(json);
            assert_eq!(error(&token), format!("Invalid page token, parsed value={shown}"));
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
        let expected = "Filter string in the page token does not match the requested filter string. \
                        Expected: None. Found: name = 'a'";
        assert_eq!(error, expected);
        assert!(decode_logged_models(&encode_offset(7), query).is_err());
    }

    #[test]
    fn logged_model_tokens_are_mlflows_byte_for_byte() {
        let order_by = [OrderByField {
            field_name: "metrics.é".to_owned(),
            ascending: false,
            dataset_name: None,
            dataset_digest: Some("1".to_owned()),
        }];
        let query = LoggedModelQuery { experiment_ids: &["1".to_owned()], filter: "", order_by: &order_by };
        let json = r#"{"experiment_ids": ["1"], "filter_string": null, "order_by": [{"field_name": "metrics.\u00e9", "ascending": false, "dataset_name": null, "dataset_digest": "1"}], "offset": 2}"#;
        assert_eq!(encode_logged_models(query, 2), STANDARD.encode(json));
        let error = decode_logged_models(&STANDARD.encode(json), LoggedModelQuery { order_by: &[], ..query });
        let shown = "[{'field_name': 'metrics.é', 'ascending': False, \
                     'dataset_name': None, 'dataset_digest': '1'}]";
        let expected =
            "Order by in the page token does not match the requested order by. Expected: None. Found: ";
        assert_eq!(error.unwrap_err().to_string(), format!("{expected}{shown}"));
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
