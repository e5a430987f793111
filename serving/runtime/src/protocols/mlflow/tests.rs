//! Bodies of every content type and shape, against models of every kind of signature.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;

use super::*;
use crate::model::dtype::DType;
use crate::model::predictions::Predictions;
use crate::model::signature::{Column, ColumnType, TensorField};
use crate::model::tensor::{Elements, Tensor};

const JSON: &str = "application/json";

fn signature(inputs: Inputs) -> Signature {
    Signature { inputs, outputs: None, params: Vec::new() }
}

fn columns(columns: &[(&str, ColumnType, bool)]) -> Decoder {
    let column = |(name, column_type, required): &(&str, ColumnType, bool)| Column {
        name: Some((*name).to_owned()),
        column_type: column_type.clone(),
        required: *required,
    };
    Decoder::new(&signature(Inputs::Columns(columns.iter().map(column).collect())))
}

/// A long `a`, a string `s`, an optional double `o`.
fn table() -> Decoder {
    columns(&[
        ("a", ColumnType::Long, true),
        ("s", ColumnType::String, true),
        ("o", ColumnType::Double, false),
    ])
}

fn doubles() -> Decoder {
    columns(&[("x", ColumnType::Double, true), ("y", ColumnType::Double, true)])
}

fn tensors(fields: &[(Option<&str>, &[Option<usize>])]) -> Decoder {
    let field = |(name, shape): &(Option<&str>, &[Option<usize>])| TensorField {
        name: name.map(str::to_owned),
        dtype: DType::Fp32,
        shape: shape.to_vec(),
    };
    Decoder::new(&signature(Inputs::Tensors(fields.iter().map(field).collect())))
}

fn untold() -> Decoder {
    Decoder::new(&Signature::untold())
}

fn frame(decoder: &Decoder, content_type: &str, body: &str) -> RecordBatch {
    match decoder.decode(Some(content_type), &Bytes::copy_from_slice(body.as_bytes())).unwrap().batch {
        Batch::Columns(frame) => frame,
        Batch::Tensors(_) => panic!("tensors"),
    }
}

fn arrays(decoder: &Decoder, body: &str) -> Vec<(String, Tensor)> {
    match decoder.decode(Some(JSON), &Bytes::copy_from_slice(body.as_bytes())).unwrap().batch {
        Batch::Tensors(arrays) => arrays,
        Batch::Columns(_) => panic!("columns"),
    }
}

fn refusal(decoder: &Decoder, content_type: &str, body: &str) -> String {
    match decoder.decode(Some(content_type), &Bytes::copy_from_slice(body.as_bytes())) {
        Err(Refusal::Invalid(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn row(frame: &RecordBatch) -> (i64, &str, Option<f64>) {
    let optional = frame.column(2).as_primitive::<Float64Type>();
    (
        frame.column(0).as_primitive::<Int64Type>().value(0),
        frame.column(1).as_string::<i32>().value(0),
        optional.is_valid(0).then(|| optional.value(0)),
    )
}

#[test]
fn every_shape_of_a_table_is_the_same_row() {
    for body in [
        r#"{"dataframe_split": {"columns": ["s", "a"], "data": [["x", 1]]}}"#,
        r#"{"dataframe_split": {"index": [0], "data": [["x", 1, 0]], "columns": ["s", "a", "extra"]}}"#,
        r#"{"dataframe_records": [{"extra": {"deep": [1]}, "a": 1, "s": "x"}]}"#,
        r#"{"instances": [{"a": 1, "s": "x"}]}"#,
        r#"{"inputs": {"a": [1], "s": ["x"]}, "ignored": 1}"#,
        r#"{"inputs": {"a": 1, "s": "x", "o": null}}"#,
        r#"{"inputs": [{"a": "1", "s": "x"}], "params": {"unknown": 1}}"#,
    ] {
        assert_eq!(row(&frame(&table(), JSON, body)), (1, "x", None), "{body}");
    }
    assert_eq!(row(&frame(&table(), "text/csv", "s,o,a\nx,,1\n")), (1, "x", None));
    assert_eq!(row(&frame(&table(), "text/csv", "\u{feff}a,s,o\n1,x,2.5\n")), (1, "x", Some(2.5)));
}

#[test]
fn errors_name_column_row_value_and_type() {
    let record =
        |a: &str| format!(r#"{{"dataframe_records": [{{"a": 1, "s": "x"}}, {{"a": {a}, "s": "y"}}]}}"#);
    let error = |a: &str| refusal(&table(), JSON, &record(a));
    assert_eq!(error("3.5"), "column 'a', row 1: 3.5 is not a value of type long");
    assert_eq!(error("\"one\""), "column 'a', row 1: \"one\" is not a value of type long");
    assert_eq!(error("[1]"), "column 'a', row 1: a list is not a value of type long");
    assert_eq!(error("{}"), "column 'a', row 1: an object is not a value of type long");
    assert_eq!(error("null"), "column 'a', row 1: null, where a value of type long is required");
    assert_eq!(error("1e30"), "column 'a', row 1: 1e30 is not a value of type long");
    let csv = refusal(&table(), "text/csv", "a,s\n1,x\n2.5,y\n");
    assert_eq!(csv, "column 'a', row 1: \"2.5\" is not a value of type long");
}

#[test]
fn missing_columns_are_named_beside_extra_ones() {
    let expected = "Model is missing inputs ['a']. Note that there were extra inputs: ['b']";
    assert_eq!(refusal(&table(), JSON, r#"{"dataframe_records": [{"b": 1, "s": "x"}]}"#), expected);
    let split = r#"{"dataframe_split": {"columns": ["b", "s"], "data": [[1, "x"]]}}"#;
    assert_eq!(refusal(&table(), JSON, split), expected);
    assert_eq!(refusal(&table(), "text/csv", "b,s\n1,x\n"), expected);
    assert_eq!(refusal(&table(), JSON, r#"{"inputs": {"b": [1], "s": ["x"]}}"#), expected);
}

#[test]
fn bodies_that_are_not_what_they_should_be_are_refused() {
    for (body, part) in [
        ("{", "valid JSON"),
        ("[]", "Received a list"),
        ("1", "exactly one"),
        ("{}", "exactly one"),
        (r#"{"columns": [], "data": []}"#, "['columns', 'data']"),
        (r#"{"inputs": {"a": [], "s": []}, "instances": []}"#, "several"),
        (r#"{"dataframe_split": [], "x": 1}"#, "split format"),
        (r#"{"dataframe_split": {"columns": ["a"]}}"#, "'data'"),
        (r#"{"dataframe_split": {"columns": ["a", "a"], "data": []}}"#, "twice"),
        (r#"{"dataframe_split": {"columns": ["a", "s"], "data": [[1, "x", 2]]}}"#, "row 0 has more values"),
        (r#"{"dataframe_split": {"data": [[1, "x"]]}}"#, "by name"),
        (r#"{"dataframe_records": {"a": 1}}"#, "a list of rows"),
        (r#"{"dataframe_records": [{"a": 1, "a": 2, "s": "x"}]}"#, "twice"),
        (r#"{"inputs": [[1, "x"]]}"#, "by name"),
        (r#"{"inputs": {"a": [1, 2], "s": ["x"]}}"#, "column 'a' has 2 rows and column 's' has 1"),
        (r#"{"inputs": {"a": [1], "s": ["x"]}} x"#, "valid JSON"),
    ] {
        let message = refusal(&table(), JSON, body);
        assert!(message.contains(part), "{body}: {message}");
    }
    let deep = format!(r#"{{"inputs": {}"#, "[".repeat(100_000));
    assert!(refusal(&untold(), JSON, &deep).contains("valid JSON"));
}

#[test]
fn short_rows_and_numbers_of_python_are_nan_in_floats() {
    for body in [
        r#"{"dataframe_split": {"columns": ["x", "y"], "data": [[1.0]]}}"#,
        r#"{"dataframe_records": [{"x": 1, "y": NaN}]}"#,
        r#"{"dataframe_records": [{"x": 1, "y": null}]}"#,
    ] {
        let frame = frame(&doubles(), JSON, body);
        let y = frame.column(1).as_primitive::<Float64Type>();
        assert!(y.value(0).is_nan() && y.null_count() == 0, "{body}");
    }
    let infinite = frame(&doubles(), JSON, r#"{"inputs": {"x": [-Infinity], "y": [1]}}"#);
    assert!(infinite.column(0).as_primitive::<Float64Type>().value(0).is_infinite());
}

#[test]
fn no_rows_are_an_empty_table() {
    let split = r#"{"dataframe_split": {"columns": ["x", "y"], "data": []}}"#;
    assert_eq!(frame(&doubles(), JSON, split).num_rows(), 0);
    assert_eq!(frame(&doubles(), "text/csv", "x,y\n").num_rows(), 0);
    assert!(refusal(&doubles(), "text/csv", "").contains("no columns"));
}

#[test]
fn a_single_column_takes_plain_lists() {
    let decoder = columns(&[("s", ColumnType::String, true)]);
    assert_eq!(frame(&decoder, JSON, r#"{"inputs": ["x", "y"]}"#).num_rows(), 2);
    assert_eq!(frame(&decoder, JSON, r#"{"inputs": "x"}"#).num_rows(), 1);
}

#[test]
fn nested_columns_are_read_into_their_types() {
    let object = ColumnType::Object(vec![
        Column { name: Some("role".to_owned()), column_type: ColumnType::String, required: true },
        Column { name: Some("n".to_owned()), column_type: ColumnType::Integer, required: false },
    ]);
    let decoder = columns(&[
        ("m", ColumnType::Array(Box::new(object)), true),
        ("k", ColumnType::Map(Box::new(ColumnType::Double)), false),
        ("any", ColumnType::Any, false),
    ]);
    let body =
        r#"{"inputs": {"m": [{"role": "user"}, {"role": "x", "n": 2}], "k": {"a": 1}, "any": {"z": [1]}}}"#;
    let frame = frame(&decoder, JSON, body);
    let messages = frame.column(0).as_list::<i32>().value(0);
    assert_eq!(messages.as_struct().column(1).as_primitive::<Int32Type>().value(1), 2);
    assert_eq!(frame.column(1).as_map().value(0).len(), 1);
    assert_eq!(frame.column(2).as_string::<i32>().value(0), r#"{"z": [1]}"#);
    let error = refusal(&decoder, JSON, r#"{"dataframe_records": [{"m": [{"n": 1}]}]}"#);
    assert!(error.starts_with("column 'm', row 0: property 'role'"), "{error}");
    let error = refusal(&decoder, JSON, r#"{"dataframe_records": [{"m": [{"role": "x", "q": 1}]}]}"#);
    assert!(error.contains("no property 'q'"), "{error}");
}

#[test]
fn chats_are_one_row_whose_answer_is_bare() {
    let message = ColumnType::Object(vec![Column {
        name: Some("content".to_owned()),
        column_type: ColumnType::String,
        required: true,
    }]);
    let decoder = columns(&[("messages", ColumnType::Array(Box::new(message)), true)]);
    let body = Bytes::from_static(br#"{"messages": [{"content": "hello"}], "other": 1}"#);
    let request = decoder.decode(Some(JSON), &body).unwrap();
    assert!(request.is_bare);
    assert_eq!(request.batch.n_rows(), 1);
}

#[test]
fn tensors_come_as_lists_records_and_tables() {
    let unnamed = tensors(&[(None, &[None, Some(2)])]);
    let expected = Elements::Fp32(vec![1.0, 2.0, 3.0, 4.0]);
    for body in [
        r#"{"inputs": [[1, 2], [3, 4]]}"#,
        r#"{"instances": [[1.0, "2"], [3, 4]]}"#,
        r#"{"dataframe_split": {"columns": ["b", "a"], "data": [[1, 2], [3, 4]]}}"#,
        r#"{"dataframe_records": [{"b": 1, "a": 2}, {"b": 3, "a": 4}]}"#,
    ] {
        let arrays = arrays(&unnamed, body);
        assert_eq!((arrays[0].0.as_str(), arrays[0].1.elements()), ("", &expected), "{body}");
    }
    let named = tensors(&[(Some("x"), &[None, Some(2)]), (Some("y"), &[None])]);
    for body in [
        r#"{"inputs": {"y": [5, 6], "x": [[1, 2], [3, 4]], "z": 0}}"#,
        r#"{"instances": [{"y": 5, "x": [1, 2]}, {"x": [3, 4], "y": 6}]}"#,
        r#"{"dataframe_records": [{"y": 5, "x": [1, 2]}, {"x": [3, 4], "y": 6}]}"#,
    ] {
        let arrays = arrays(&named, body);
        assert_eq!(arrays[0].1.elements(), &expected, "{body}");
        assert_eq!(arrays[1].1.elements(), &Elements::Fp32(vec![5.0, 6.0]), "{body}");
    }
}

#[test]
fn tensors_that_do_not_fit_are_told() {
    let unnamed = tensors(&[(None, &[None, Some(2)])]);
    for (body, expected) in [
        (r#"{"inputs": [[1, 2, 3]]}"#, "the input: a shape of [1, 3], where [-1, 2] is expected"),
        (r#"{"inputs": [[1, 2], [3]]}"#, "the input: element [1] is a list of 1, where the others have 2"),
        (r#"{"inputs": [[1, "x"]]}"#, "the input: element [0, 1]: \"x\" is not a value of type float32"),
        (r#"{"inputs": [[1, 1e300]]}"#, "the input: element [0, 1]: 1e300 is not a value of type float32"),
    ] {
        assert_eq!(refusal(&unnamed, JSON, body), expected);
    }
    let named = tensors(&[(Some("x"), &[None]), (Some("y"), &[None])]);
    assert_eq!(refusal(&named, JSON, r#"{"inputs": {"x": [1]}}"#), "Model is missing inputs ['y']");
    let error = refusal(&named, JSON, r#"{"instances": [{"x": 1, "y": 1}, {"x": 1}]}"#);
    assert_eq!(error, "input 'y', row 1: one element is expected");
    assert!(refusal(&named, JSON, r#"{"inputs": [1]}"#).contains("by name"));
}

#[test]
fn models_that_told_nothing_get_what_pandas_and_numpy_would_make() {
    let frame =
        frame(&untold(), JSON, r#"{"dataframe_records": [{"z": 1, "a": "x"}, {"z": null, "a": "y"}]}"#);
    assert_eq!(*frame.schema().field(0).data_type(), DataType::Float64);
    assert_eq!(frame.schema().field(1).name(), "a");
    assert_eq!(arrays(&untold(), r#"{"inputs": [[1, 2]]}"#)[0].1.to_string(), "INT64 [1, 2]");
    let named = arrays(&untold(), r#"{"instances": [{"x": [1, 2]}, {"x": [3, 4]}]}"#);
    assert_eq!((named[0].0.as_str(), named[0].1.to_string().as_str()), ("x", "INT64 [2, 2]"));
    assert_eq!(
        *self::frame(&untold(), "text/csv", "a,b\n1,x\n").schema().field(0).data_type(),
        DataType::Int64
    );
}

fn two_columns() -> RecordBatch {
    let x: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let y: ArrayRef = Arc::new(Int64Array::from(vec![3, 4]));
    RecordBatch::try_from_iter(vec![("y", y), ("x", x)]).unwrap()
}

#[test]
fn parquet_and_arrow_are_tables_already() {
    let table = two_columns();
    let mut parquet = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut parquet, table.schema(), None).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    let mut stream = Vec::new();
    let mut writer = StreamWriter::try_new(&mut stream, &table.schema()).unwrap();
    writer.write(&table).unwrap();
    writer.write(&table).unwrap();
    writer.finish().unwrap();
    let decoded = |content_type, body: Vec<u8>| {
        doubles().decode(Some(content_type), &body.into()).unwrap().batch.n_rows()
    };
    assert_eq!(decoded("application/vnd.apache.parquet", parquet.clone()), 2);
    assert_eq!(decoded("application/vnd.apache.arrow.stream", stream.clone()), 4);
    for (content_type, body) in
        [("application/vnd.apache.parquet", parquet), ("application/vnd.apache.arrow.stream", stream)]
    {
        for end in [0, 4, 20, body.len() / 2, body.len() - 9] {
            let part = Bytes::copy_from_slice(&body[..end]);
            let refused = doubles().decode(Some(content_type), &part);
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{content_type} {end} {refused:?}");
        }
    }
}

#[test]
fn damaged_tables_are_refused_or_read_but_never_panic() {
    let mut parquet = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut parquet, two_columns().schema(), None).unwrap();
    writer.write(&two_columns()).unwrap();
    writer.close().unwrap();
    let mut stream = Vec::new();
    encode::encode_arrow(&Predictions::Frame(two_columns()), &mut stream).unwrap();
    for (content_type, body) in
        [("application/vnd.apache.parquet", parquet), ("application/vnd.apache.arrow.stream", stream)]
    {
        let places = (0..body.len()).flat_map(|place| [0, 0x7f, 0xff].map(|damage| (place, damage)));
        for (place, damage) in places {
            let mut damaged = body.clone();
            damaged[place] = damage;
            let damaged = Bytes::from(damaged);
            let answers = [doubles(), untold()].map(|decoder| decoder.decode(Some(content_type), &damaged));
            let is_other = |answer: &_| matches!(answer, Err(Refusal::UnsupportedMediaType(_)));
            assert!(!answers.iter().any(is_other), "{place} {damage}");
        }
    }
}

#[test]
fn other_bodies_are_unsupported() {
    let refused = doubles().decode(Some("text/plain"), &Bytes::new());
    assert!(matches!(refused, Err(Refusal::UnsupportedMediaType(_))));
}

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
