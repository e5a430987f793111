//! Decoding, held against what the original answered to the same requests.

use serde_json::json;

use super::*;
use crate::enumeration::{RunStatus, ViewType};
use crate::experiments::{CreateExperiment, GetExperiment, SearchExperiments};
use crate::features::MakeTrainingSet;
use crate::metrics::LogMetric;
use crate::number::{Double, Int32, Int64};
use crate::promotions::RequestPromotion;
use crate::runs::{CreateRun, LogBatch, SearchRuns, UpdateRun};

fn decode<T: DeserializeOwned + Default>(body: &Value) -> Result<T, DecodeError> {
    decode_json(body.to_string().as_bytes())
}

fn message<T: std::fmt::Debug>(result: Result<T, DecodeError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_string_field_that_holds_a_number_is_told_in_mlflows_words() {
    let expected = "Invalid value 1 for parameter 'experiment_id' supplied:  Hint: Value was of type 'int'. \
                    See the API docs for more information about request parameters.";
    assert_eq!(message(decode::<GetExperiment>(&json!({"experiment_id": 1}))), expected);
    assert_eq!(message(decode::<GetExperiment>(&json!({"experimentId": 1}))), expected);
}

#[test]
fn messages_of_ours_that_change_something_refuse_fields_that_they_do_not_have() {
    let expected =
        "Unknown parameter 'dryrun'. See the API docs for more information about request parameters.";
    assert_eq!(message(decode::<RequestPromotion>(&json!({"name": "m", "dryrun": true}))), expected);
    decode::<RequestPromotion>(&json!({"name": "m", "dryRun": true, "is_override": null})).unwrap();
    decode::<CreateExperiment>(&json!({"name": "e", "dryrun": true})).unwrap();
}

#[test]
fn every_json_type_is_named_as_python_names_it() {
    let values = [
        (json!(true), "Invalid value true for parameter 'name' supplied:  Hint: Value was of type 'bool'."),
        (json!(1.5), "Invalid value 1.5 for parameter 'name' supplied:  Hint: Value was of type 'float'."),
        (
            json!(["a"]),
            r#"Invalid value ["a"] for parameter 'name' supplied:  Hint: Value was of type 'list'."#,
        ),
        (
            json!({"k": 1}),
            r#"Invalid value {"k":1} for parameter 'name' supplied:  Hint: Value was of type 'dict'."#,
        ),
    ];
    for (value, expected) in values {
        let text = message(decode::<CreateExperiment>(&json!({"name": value})));
        assert!(text.starts_with(expected), "{text}");
    }
}

#[test]
fn nested_fields_are_named_by_their_path() {
    let body = json!({"run_id": "r", "metrics": [{"key": "a"}, {"key": 5, "value": 1}]});
    assert!(message(decode::<LogBatch>(&body)).starts_with("Invalid value 5 for parameter 'metrics[1].key'"));
    let body = json!({"metrics": [{"modelId": 5}]});
    assert!(
        message(decode::<LogBatch>(&body)).starts_with("Invalid value 5 for parameter 'metrics[0].model_id'")
    );
}

#[test]
fn a_wrong_list_or_a_wrong_item_is_told_about_the_list() {
    let text = message(decode::<SearchRuns>(&json!({"experiment_ids": "1"})));
    assert!(text.starts_with(r#"Invalid value "1" for parameter 'experiment_ids' supplied"#), "{text}");
    let text = message(decode::<SearchRuns>(&json!({"order_by": ["a", 1]})));
    assert!(text.starts_with(r#"Invalid value ["a",1] for parameter 'order_by' supplied"#), "{text}");
    let text = message(decode::<LogBatch>(&json!({"metrics": [null]})));
    assert!(text.starts_with("Invalid value [null] for parameter 'metrics' supplied"), "{text}");
}

#[test]
fn numbers_out_of_range_are_rejected_with_their_value() {
    let text = message(decode_json::<CreateRun>(br#"{"start_time": 9223372036854775808}"#));
    assert!(text.starts_with("Invalid value 9223372036854775808 for parameter 'start_time'"), "{text}");
    let text = message(decode_json::<CreateRun>(br#"{"start_time": -9223372036854775809}"#));
    assert!(text.contains("for parameter 'start_time'"), "{text}");
    let text = message(decode::<SearchRuns>(&json!({"max_results": 2_147_483_648_i64})));
    assert!(text.starts_with("Invalid value 2147483648 for parameter 'max_results'"), "{text}");
    let text = message(decode::<CreateRun>(&json!({"start_time": 12.5})));
    assert!(text.starts_with("Invalid value 12.5 for parameter 'start_time'"), "{text}");
}

#[test]
fn long_values_are_shortened() {
    let text = message(decode::<CreateExperiment>(&json!({"name": ["é".repeat(100_000)]})));
    assert!(text.len() < 1_000 && text.contains("..."), "{} bytes", text.len());
}

#[test]
fn empty_bodies_and_null_are_the_empty_message() {
    for body in ["", "  \n", "null", "{}"] {
        assert_eq!(
            decode_json::<CreateExperiment>(body.as_bytes()),
            Ok(CreateExperiment::default()),
            "{body}"
        );
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let decoded: CreateExperiment = decode_json(b"\xef\xbb\xbf{\"name\":\"e\"}").unwrap();
    assert_eq!(decoded.name.as_deref(), Some("e"));
}

#[test]
fn a_body_encoded_twice_is_decoded_twice() {
    let decoded: CreateExperiment = decode_json(br#""{\"name\":\"e\"}""#).unwrap();
    assert_eq!(decoded.name.as_deref(), Some("e"));
}

#[test]
fn what_is_not_a_json_object_is_rejected() {
    for body in ["[]", "[\"e\"]", "1", "true", "\"1\""] {
        let error = decode_json::<CreateExperiment>(body.as_bytes()).unwrap_err();
        assert!(matches!(error, DecodeError::NotAnObject(_)), "{body}: {error}");
    }
    for body in [
        b"{bad".as_slice(),
        b"{\"name\":\"\xff\"}",
        b"{} {}",
        b"\"{bad\"",
        b"{\"name\": NaN}",
        b"1e400",
        br#"{"name":"\ud800"}"#,
    ] {
        let error = decode_json::<CreateExperiment>(body).unwrap_err();
        assert!(matches!(error, DecodeError::NotJson(_)), "{error}");
    }
}

#[test]
fn nesting_is_bounded() {
    let body = format!("{{\"unknown\":{}", "[".repeat(100_000));
    assert_eq!(decode_json::<GetExperiment>(body.as_bytes()), Err(DecodeError::TooDeep));
    let body = format!("{{\"unknown\":{}{}}}", "[".repeat(126), "]".repeat(126));
    assert!(decode_json::<GetExperiment>(body.as_bytes()).is_ok());
}

#[test]
fn an_array_is_no_message() {
    let text = message(decode::<LogBatch>(&json!({"tags": [["k", "v"]]})));
    assert!(text.starts_with(r#"Invalid value [["k","v"]] for parameter 'tags' supplied"#), "{text}");
}

#[test]
fn the_number_of_values_is_bounded() {
    let body = |items: usize| format!("{{\"tags\":[{}]}}", vec!["{}"; items].join(","));
    assert_eq!(decode_json::<CreateExperiment>(body(1_000_001).as_bytes()), Err(DecodeError::TooManyValues));
    assert!(decode_json::<CreateExperiment>(body(100_000).as_bytes()).is_ok());
}

#[test]
fn unknown_fields_are_ignored_and_null_is_absent() {
    let body = json!({"name": null, "tags": null, "who": {"knows": [1]}});
    assert_eq!(decode(&body), Ok(CreateExperiment::default()));
}

#[test]
fn both_spellings_of_a_field_are_read_but_not_together() {
    let decoded: CreateRun = decode(&json!({"experimentId": "1", "start_time": "12"})).unwrap();
    assert_eq!((decoded.experiment_id.as_deref(), decoded.start_time), (Some("1"), Some(Int64(12))));
    let body = json!({"artifactLocation": "x", "artifact_location": "x"});
    let expected =
        "Request specifies both 'artifact_location' and 'artifactLocation'; provide only one of them.";
    assert_eq!(message(decode::<CreateExperiment>(&body)), expected);
}

#[test]
fn the_last_of_two_equal_keys_wins() {
    let decoded: CreateExperiment = decode_json(br#"{"name":"first","name":"last"}"#).unwrap();
    assert_eq!(decoded.name.as_deref(), Some("last"));
}

#[test]
fn metric_values_may_be_words() {
    let decoded: LogMetric = decode(&json!({"value": "-Infinity", "timestamp": "1e3"})).unwrap();
    assert_eq!((decoded.value, decoded.timestamp), (Some(Double(f64::NEG_INFINITY)), Some(Int64(1000))));
    assert_eq!(decode::<LogMetric>(&json!({"value": true})).unwrap().value, Some(Double(1.0)));
    let text = message(decode::<LogMetric>(&json!({"value": "x"})));
    assert!(text.starts_with(r#"Invalid value "x" for parameter 'value' supplied"#), "{text}");
}

#[test]
fn a_required_number_that_is_an_empty_text_is_missing() {
    let text = message(decode::<LogMetric>(&json!({"value": "", "timestamp": 1})));
    assert!(text.starts_with("Missing value for required parameter 'value'. See"), "{text}");
    let text = message(decode::<LogBatch>(&json!({"metrics": [{"key": "a", "value": 1, "timestamp": ""}]})));
    assert!(text.starts_with("Missing value for required parameter 'metrics[0].timestamp'. See"), "{text}");
    let text = message(decode::<LogMetric>(&json!({"step": ""})));
    assert!(text.starts_with(r#"Invalid value "" for parameter 'step'"#), "{text}");
}

#[test]
fn a_status_that_does_not_exist_is_rejected() {
    assert_eq!(decode::<UpdateRun>(&json!({"status": 3})).unwrap().status, Some(RunStatus::Finished));
    let text = message(decode::<UpdateRun>(&json!({"status": "finished"})));
    assert!(text.starts_with(r#"Invalid value "finished" for parameter 'status' supplied"#), "{text}");
}

#[test]
fn query_fields_are_typed_and_repeated_keys_fill_lists() {
    let query =
        "max_results=5&max_results=6&order_by=name&order_by=a+b%20c&view_type=ALL&nothing=1&page_token=";
    let decoded: SearchExperiments = decode_query(query).unwrap();
    assert_eq!(decoded.max_results, Some(Int64(5)));
    assert_eq!(decoded.order_by, ["name", "a b c"]);
    assert_eq!(decoded.view_type, Some(ViewType::All));
    assert_eq!(decoded.page_token.as_deref(), Some(""));
}

#[test]
fn camel_case_is_no_spelling_of_a_query_field() {
    assert_eq!(decode_query("experimentId=1"), Ok(GetExperiment::default()));
}

#[test]
fn a_query_that_stands_for_a_body_knows_both_spellings_and_no_other_field() {
    let message: MakeTrainingSet = decode_query_as_body("service=s&eventTime=at&as_of=5").unwrap();
    assert_eq!((message.event_time.as_deref(), message.as_of), (Some("at"), Some(Int64(5))));
    for name in ["asof", "ASOF"] {
        let unknown = decode_query_as_body::<MakeTrainingSet>(&format!("service=s&{name}=5"));
        assert_eq!(unknown, Err(DecodeError::Unknown { name: name.to_owned() }));
    }
    assert!(decode_query_as_body::<MakeTrainingSet>("asOf=5&as_of=5").is_err());
}

#[test]
fn a_wrong_query_value_is_told_as_text() {
    let text = message(decode_query::<SearchExperiments>("max_results=abc"));
    let expected =
        r#"Invalid value "abc" for parameter 'max_results' supplied:  Hint: Value was of type 'str'."#;
    assert!(text.starts_with(expected), "{text}");
    let max_results = decode_query::<SearchRuns>("max_results=7").unwrap().max_results;
    assert_eq!(max_results, Some(Int32(7)));
}
