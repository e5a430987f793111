//! Rows line by line, good ones and bad ones.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int64Type};

use super::*;
use crate::model::dtype::DType;
use crate::model::signature::{Column, ColumnType, Inputs, Signature, TensorField};
use crate::model::tensor::{Elements, Tensor};

fn decoder(inputs: Inputs) -> Decoder {
    Decoder::new(&Signature { inputs, outputs: None, params: Vec::new() })
}

/// A long `a` and an optional double `o`.
fn table() -> Decoder {
    let column =
        |name: &str, column_type, required| Column { name: Some(name.to_owned()), column_type, required };
    decoder(Inputs::Columns(vec![
        column("a", ColumnType::Long, true),
        column("o", ColumnType::Double, false),
    ]))
}

fn gathered(decoder: &Decoder, text: &str) -> Scorable {
    let mut lines = Lines::from_line(decoder, 0);
    assert_eq!(lines.push_all(text.as_bytes()), text.len());
    lines.take()
}

#[test]
fn bad_rows_cost_nobody_but_themselves() {
    let decoder = table();
    let text =
        "{\"a\": 1}\n\n{\"o\": 1.5, \"a\": 3.5}\n{\"o\": 2}\nnonsense\n{\"a\": 4, \"o\": 2}\n{\"a\": 5} x\n";
    let scorable = gathered(&decoder, text);
    assert_eq!(scorable.line_numbers, [0, 5]);
    let Some(Batch::Columns(frame)) = scorable.batch else { panic!("no table") };
    assert_eq!(frame.column(0).as_primitive::<Int64Type>().values().to_vec(), [1, 4]);
    let optional = frame.column(1).as_primitive::<Float64Type>();
    assert!(optional.is_null(0) && optional.is_valid(1));
    assert_eq!(scorable.rejected.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 3, 4, 6]);
    assert_eq!(scorable.rejected[0].1, "column 'a', line 2: 3.5 is not a value of type long");
    assert!(scorable.rejected[1].1.starts_with("Model is missing inputs ['a']"));
    assert!(scorable.rejected[2].1.contains("valid JSON"));
}

#[test]
fn a_bad_row_is_told_by_its_line_alone() {
    let reasons = |decoder: &Decoder, text: &str| {
        let (rejected, mut out) = (gathered(decoder, text).rejected, Vec::new());
        for (number, reason) in &rejected {
            encode_error(*number, reason, &mut out);
        }
        String::from_utf8(out).unwrap()
    };
    let told = reasons(&table(), "{\"a\": 1}\n5\n{\"a\": 1, \"a\": 2}\n[1]\n");
    assert!(told.contains(r#"{"error":"line 1: 5 is not a row","line":1}"#), "{told}");
    assert!(
        told.contains("column 'a', line 2: it comes twice") && told.contains("line 3 is a list"),
        "{told}"
    );
    assert!(!told.contains("row "), "{told}");
    let field = TensorField { name: Some("x".to_owned()), dtype: DType::Fp32, shape: vec![None] };
    let told = reasons(&decoder(Inputs::Tensors(vec![field])), "{\"x\": 1}\n{\"x\": \"y\"}\n");
    assert!(told.contains(r#""line":1}"#) && !told.contains("row 0"), "{told}");
}

#[test]
fn pieces_end_anywhere_and_numbers_go_on() {
    let decoder = table();
    let mut lines = Lines::from_line(&decoder, 0);
    assert_eq!(lines.push_all(b"{\"a\": 1}\n{\"a\""), 9);
    assert_eq!(lines.next_line(), 1);
    assert_eq!(lines.take().line_numbers, [0]);
    lines.push(b"{\"a\": 2}\r");
    assert_eq!(lines.take().line_numbers, [1]);
    assert_eq!(lines.take(), Scorable::default());
}

#[test]
fn rows_for_tensors_and_for_models_that_told_nothing_are_joined() {
    let field = TensorField { name: None, dtype: DType::Fp32, shape: vec![None, Some(2)] };
    let scorable =
        gathered(&decoder(Inputs::Tensors(vec![field])), "[1, 2]\n[1]\n1, 2\n[[1, 2], [3, 4]]\n[3, 4]\n");
    assert_eq!(scorable.line_numbers, [0, 4]);
    let Some(Batch::Tensors(tensors)) = scorable.batch else { panic!("no tensors") };
    assert_eq!(tensors[0].1.elements(), &Elements::Fp32(vec![1.0, 2.0, 3.0, 4.0]));
    let scorable = gathered(&decoder(Inputs::Untold), "{\"a\": 1}\n{\"b\": 1}\n{\"a\": 2}\n");
    assert_eq!((scorable.line_numbers, scorable.rejected[0].0), (vec![0, 2], 1));
}

#[test]
fn answers_are_a_line_each() {
    let mut out = Vec::new();
    let predictions = Predictions::Array(Tensor::new(vec![2, 2], Elements::Int64(vec![1, 2, 3, 4])).unwrap());
    let rejected = [(1, "no \"row\"".to_owned()), (7, "late".to_owned())];
    encode_scored(&[(predictions, &[0, 2])], &rejected, &mut out);
    let expected = "{\"prediction\":[1,2]}\n{\"error\":\"no \\\"row\\\"\",\"line\":1}\n\
                    {\"prediction\":[3,4]}\n{\"error\":\"late\",\"line\":7}\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn predictions_of_another_number_are_errors_of_all_lines() {
    let mut out = Vec::new();
    let predictions = Predictions::Array(Tensor::of_rows(Elements::Int64(vec![1])));
    encode_scored(&[(predictions, &[3, 4])], &[], &mut out);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("did not answer 2 rows with as many predictions").count(), 2, "{text}");
}
