//! A request whose tensors have met a model, and how its answer should look.

use std::time::Duration;

use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::{Batch, Params};

/// Parameters of a request that are not the model's. Sequences and priorities mean nothing to models without a state
/// and a queue in order of arrival; `content_type` tells other servers how to decode.
const RESERVED: [&str; 7] = [
    "sequence_id",
    "sequence_start",
    "sequence_end",
    "priority",
    "headers",
    "content_type",
    "binary_data_output",
];

/// A request that fits the model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InferRequest {
    /// What to score.
    pub batch: Batch,
    /// The request's parameters but those of the protocol; not checked against the signature.
    pub params: Params,
    /// The parameter `timeout`, which comes in microseconds.
    pub timeout: Option<Duration>,
    /// How to answer.
    pub answer: AnswerFormat,
}

/// How an answer should look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AnswerFormat {
    /// To be echoed.
    pub id: Option<String>,
    /// In this order; all of them when there are none.
    pub outputs: Vec<RequestedOutput>,
    /// Of outputs that were not asked for by name.
    pub others: Encoding,
}

/// An output that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestedOutput {
    /// Its name.
    pub name: String,
    /// How it travels.
    pub encoding: Encoding,
}

/// How the elements of a tensor travel over REST; over gRPC they are always raw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Encoding {
    /// In the JSON.
    #[default]
    Json,
    /// Raw, behind the JSON.
    Binary,
}

impl Encoding {
    pub(super) fn of(is_binary: bool) -> Self {
        if is_binary { Encoding::Binary } else { Encoding::Json }
    }
}

/// Takes the protocol's own parameters out of a request's: what is left is the model's.
pub(super) fn part_parameters(mut all: Map<String, Value>) -> Result<(Params, Option<Duration>), Refusal> {
    for name in RESERVED {
        all.remove(name);
    }
    all.retain(|name, _| !name.starts_with("triton_"));
    let timeout = all.remove("timeout").map(|value| timeout(&value)).transpose()?.flatten();
    Ok((Params(all), timeout))
}

/// Zero is what clients send for none.
fn timeout(value: &Value) -> Result<Option<Duration>, Refusal> {
    match value.as_u64() {
        Some(0) => Ok(None),
        Some(microseconds) => Ok(Some(Duration::from_micros(microseconds))),
        None => Err(Refusal::Invalid("parameter 'timeout' is no whole number of microseconds".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn part(value: Value) -> Result<(Params, Option<Duration>), Refusal> {
        let Value::Object(all) = value else { panic!("no object") };
        part_parameters(all)
    }

    #[test]
    fn the_protocols_own_parameters_are_not_the_models() {
        let all = json!({"priority": 1, "triton_x": 1, "timeout": 2500, "beams": 4, "content_type": "pd"});
        let (params, timeout) = part(all).unwrap();
        assert_eq!(Value::Object(params.0), json!({"beams": 4}));
        assert_eq!(timeout, Some(Duration::from_micros(2500)));
    }

    #[test]
    fn a_timeout_of_zero_is_none_and_a_text_is_refused() {
        assert_eq!(part(json!({"timeout": 0})).unwrap().1, None);
        assert!(part(json!({"timeout": "soon"})).is_err());
        assert!(part(json!({"timeout": -1})).is_err());
    }
}
