//! Answers in JSON and Arrow.

use arrow::datatypes::Int32Type;

use super::*;
use crate::model::predictions::Predictions;

fn json(predictions: &Predictions) -> String {
    let mut out = Vec::new();
    encode::encode_json(predictions, false, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn answers_are_records_or_nested_lists() {
    assert_eq!(
        json(&Predictions::Frame(two_columns())),
        r#"{"predictions":[{"y":3,"x":1.0},{"y":4,"x":2.0}]}"#
    );
    let matrix = Tensor::new(vec![2, 2], Elements::Fp32(vec![0.1, f32::NAN, f32::INFINITY, 1.0])).unwrap();
    assert_eq!(
        json(&Predictions::Array(matrix.clone())),
        r#"{"predictions":[[0.10000000149011612,null],[null,1.0]]}"#
    );
    let texts = Tensor::of_rows(Elements::Bytes(vec![b"a\"".to_vec()]));
    let named = Predictions::Arrays(vec![("t".to_owned(), texts), ("m".to_owned(), matrix)]);
    assert_eq!(json(&named), r#"{"predictions":{"t":["a\""],"m":[[0.10000000149011612,null],[null,1.0]]}}"#);
    assert_eq!(json(&Predictions::Json(serde_json::json!({"a": [1]}))), r#"{"predictions":{"a":[1]}}"#);
    let mut bare = Vec::new();
    encode::encode_json(&Predictions::Json(serde_json::json!("hi")), true, &mut bare).unwrap();
    assert_eq!(bare, b"\"hi\"");
}

#[test]
fn columns_of_every_type_have_a_json() {
    use arrow::array::{BinaryArray, BooleanArray, ListArray, StringArray, TimestampNanosecondArray};
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("t", Arc::new(TimestampNanosecondArray::from(vec![1_704_164_645_000_000_000, 1_000]))),
        ("bytes", Arc::new(BinaryArray::from_vec(vec![b"hello", b""]))),
        ("s", Arc::new(StringArray::from(vec!["é", "\n"]))),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
                Some(vec![Some(1), None]),
                None,
            ])),
        ),
    ];
    let frame =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap();
    assert_eq!(
        json(&Predictions::Frame(frame.slice(0, 1))),
        r#"{"predictions":[{"b":true,"t":"2024-01-02T03:04:05","bytes":"aGVsbG8=\n","s":"é","list":[1,null]}]}"#
    );
    assert_eq!(
        json(&Predictions::Frame(frame.slice(1, 1))),
        r#"{"predictions":[{"b":null,"t":"1970-01-01T00:00:00.000001","bytes":"","s":"\n","list":null}]}"#
    );
}

#[test]
fn an_arrow_answer_is_read_back_as_it_was() {
    let mut out = Vec::new();
    encode::encode_arrow(&Predictions::Frame(two_columns()), &mut out).unwrap();
    let request = untold().decode(Some("application/vnd.apache.arrow.stream"), &out.into()).unwrap();
    assert_eq!(request.batch, Batch::Columns(two_columns()));
}
