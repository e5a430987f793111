//! JSON for models that take tensors.

use super::*;

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
    for body in [r#"{"inputs": {"x": [[1, 2]]}}"#, r#"{"instances": [{"x": [1, 2]}]}"#] {
        assert!(refusal(&unnamed, JSON, body).contains("one input without a name"), "{body}");
    }
    let named = tensors(&[(Some("x"), &[None]), (Some("y"), &[None])]);
    assert_eq!(refusal(&named, JSON, r#"{"inputs": {"x": [1]}}"#), "Model is missing inputs ['y']");
    let error = refusal(&named, JSON, r#"{"instances": [{"x": 1, "y": 1}, {"x": 1}]}"#);
    assert_eq!(error, "input 'y', row 1: one element is expected");
    assert!(refusal(&named, JSON, r#"{"inputs": [1]}"#).contains("by name"));
}

#[test]
fn an_empty_list_is_a_tensor_of_one_dimension_if_it_has_a_name() {
    let unnamed = tensors(&[(None, &[None])]);
    let expected = "the input: a list without elements, where a shape of [-1] is expected";
    for body in [r#"{"inputs": []}"#, r#"{"instances": []}"#] {
        assert_eq!(refusal(&unnamed, JSON, body), expected);
        let flat = tensors(&[(Some("x"), &[None])]);
        assert_eq!(arrays(&flat, body)[0].1.shape(), [0]);
        let matrix = tensors(&[(Some("x"), &[None, Some(2)])]);
        let expected = "input 'x': a shape of [0], where [-1, 2] is expected";
        assert_eq!(refusal(&matrix, JSON, body), expected);
        let two = tensors(&[(Some("x"), &[None]), (Some("y"), &[None])]);
        assert_eq!(refusal(&two, JSON, body), "Model is missing inputs ['x', 'y']");
    }
    let open = tensors(&[(None, &[None, None])]);
    assert_eq!(arrays(&open, r#"{"inputs": [[]]}"#)[0].1.shape(), [1, 0]);
    let frame = refusal(&open, JSON, r#"{"dataframe_split": {"columns": ["x", "y"], "data": []}}"#);
    assert_eq!(frame, "a table without rows, where the model takes tensors");
}
