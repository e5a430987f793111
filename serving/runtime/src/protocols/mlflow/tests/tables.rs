//! Rows of JSON and CSV for models that take columns, or that told nothing.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};

use super::*;

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
    for (body, came) in [("null", "null"), (r#""x""#, r#""x""#), ("5", "5"), ("true", "true")] {
        let message = refusal(&table(), JSON, body);
        assert!(message.starts_with("The input must be a JSON dictionary"), "{body}: {message}");
        assert!(message.ends_with(&format!("'inputs'}}. Received {came}.")), "{body}: {message}");
    }
    let deep = format!(r#"{{"inputs": {}"#, "[".repeat(100_000));
    assert!(refusal(&untold(), JSON, &deep).contains("valid JSON"));
}

#[test]
fn short_rows_and_numbers_of_python_are_nan_in_floats() {
    for body in [
        r#"{"dataframe_split": {"columns": ["x", "y"], "data": [[1.0], [1.0, 2.0]]}}"#,
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
fn rows_that_are_all_shorter_than_their_names_are_refused() {
    let optional = columns(&[("x", ColumnType::Double, true), ("y", ColumnType::Double, false)]);
    for decoder in [doubles(), optional, untold()] {
        for (body, n_values) in [
            (r#"{"dataframe_split": {"columns": ["x", "y"], "data": [[1]]}}"#, 1),
            (r#"{"dataframe_split": {"data": [[1], []], "columns": ["x", "y"]}}"#, 1),
            (r#"{"dataframe_split": {"columns": ["x", "y"], "data": [[]]}}"#, 0),
            (r#"{"dataframe_split": {"columns": ["x", "y"], "data": [null]}}"#, 1),
        ] {
            let message = refusal(&decoder, JSON, body);
            let reason = format!("2 columns passed, passed data had {n_values} columns");
            // A value that is no row is told as that.
            assert!(message.contains(&reason) || message.contains("null is not a row"), "{message}");
        }
        let beside = r#"{"dataframe_split": {"columns": ["x", "y"], "data": [[1], [2, 3]]}}"#;
        assert_eq!(frame(&decoder, JSON, beside).num_rows(), 2);
    }
    let record = r#"{"dataframe_split": {"columns": ["x", "y"], "data": [{"x": 1}]}}"#;
    assert_eq!(frame(&doubles(), JSON, record).num_rows(), 1);
}

#[test]
fn no_rows_are_an_empty_table() {
    let split = r#"{"dataframe_split": {"columns": ["x", "y"], "data": []}}"#;
    assert_eq!(frame(&doubles(), JSON, split).num_rows(), 0);
    assert_eq!(frame(&doubles(), "text/csv", "x,y\n").num_rows(), 0);
    assert!(refusal(&doubles(), "text/csv", "").contains("no columns"));
}

#[test]
fn an_empty_list_is_an_only_column_and_no_table_of_several() {
    let only = columns(&[("s", ColumnType::String, true)]);
    for body in [r#"{"inputs": []}"#, r#"{"instances": []}"#] {
        assert_eq!(frame(&only, JSON, body).num_rows(), 0, "{body}");
        assert_eq!(refusal(&doubles(), JSON, body), "Model is missing inputs ['x', 'y']");
    }
    for body in [
        r#"{"inputs": {}}"#,
        r#"{"dataframe_records": []}"#,
        r#"{"dataframe_split": {"data": []}}"#,
        r#"{"dataframe_split": {"columns": [], "data": []}}"#,
    ] {
        assert_eq!(refusal(&only, JSON, body), "Model is missing inputs ['s']", "{body}");
        let optional = columns(&[("o", ColumnType::Double, false)]);
        assert_eq!(frame(&optional, JSON, body).num_rows(), 0, "{body}");
    }
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
fn a_number_is_its_text_in_a_column_and_none_within_a_value() {
    let decoder = columns(&[("s", ColumnType::String, true)]);
    for (value, text) in [("5", "5"), ("5.0", "5.0"), ("1e-5", "1e-05"), ("true", "True")] {
        let frame = frame(&decoder, JSON, &format!(r#"{{"dataframe_records": [{{"s": {value}}}]}}"#));
        assert_eq!(frame.column(0).as_string::<i32>().value(0), text);
    }
    let long = refusal(&decoder, JSON, r#"{"inputs": {"s": ["x", 12345678901234567890123]}}"#);
    assert_eq!(long, "column 's', row 1: 1.2345678901234568e22 is not a value of type string");
    let property = Column { name: Some("p".to_owned()), column_type: ColumnType::String, required: true };
    for (column_type, value) in [
        (ColumnType::Object(vec![property]), r#"{"p": 5}"#),
        (ColumnType::Map(Box::new(ColumnType::String)), r#"{"k": 5}"#),
        (ColumnType::Array(Box::new(ColumnType::String)), "[5]"),
    ] {
        let decoder = columns(&[("v", column_type, true)]);
        let refused = refusal(&decoder, JSON, &format!(r#"{{"dataframe_records": [{{"v": {value}}}]}}"#));
        assert_eq!(refused, "column 'v', row 0: 5 is not a value of type string");
    }
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

#[test]
fn other_bodies_are_unsupported() {
    let refused = doubles().decode(Some("text/plain"), &Bytes::new());
    assert!(matches!(refused, Err(Refusal::UnsupportedMediaType(_))));
}
