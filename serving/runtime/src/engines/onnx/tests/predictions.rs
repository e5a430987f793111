//! What comes out, from columns and from tensors.

use arrow::array::AsArray as _;
use arrow::datatypes::{DataType, Float32Type, Int64Type};

use super::*;

#[test]
fn tensors_give_the_arrays_that_onnxruntime_gives_in_python() {
    let cases = cases();
    for (name, case) in cases.as_object().unwrap() {
        let Some(mut engine) = engine(name) else { return };
        let predictions = score(&mut engine, &Batch::Tensors(inputs(case)));
        if name.starts_with("zipmap") {
            assert_is_zipmap(&columns(predictions), &case["outputs"]);
            continue;
        }
        for (output, found) in arrays(predictions) {
            assert_near(&found, &tensor(&case["outputs"][&output]), &format!("{name}.{output}"));
        }
    }
}

fn assert_is_zipmap(frame: &RecordBatch, expected: &Value) {
    let found = objects(frame.column_by_name("output_probability").unwrap());
    let expected = expected["output_probability"].as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.as_object().unwrap().len());
        for (class, probability) in found {
            assert!((probability - expected[class].as_f64().unwrap()).abs() < TOLERANCE, "{class}");
        }
    }
}

#[test]
fn a_table_becomes_the_matrix_of_a_model_with_one_input_and_all_outputs_become_columns() {
    let cases = cases();
    for name in ["logistic", "zipmap", "zipmap_text", "forest"] {
        let Some(mut engine) = engine(name) else { return };
        let case = &cases[name];
        let found = frame(score(&mut engine, &matrix_as_table(&inputs(case)[0].1)));
        assert_eq!(found.num_rows(), 10);
        match name {
            "logistic" => {
                let labels = found["label"].as_primitive::<Int64Type>().values().to_vec();
                assert_eq!(Elements::Int64(labels), *tensor(&case["outputs"]["label"]).elements());
                let lists = found["probabilities"].as_list::<i32>();
                assert_eq!(lists.value_length(3), 3);
                let values = lists.values().as_primitive::<Float32Type>().values().to_vec();
                let values = Tensor::new(vec![10, 3], Elements::Fp32(values)).unwrap();
                assert_near(&values, &tensor(&case["outputs"]["probabilities"]), name);
            }
            "forest" => assert_eq!(*found["variable"].data_type(), DataType::Float32),
            _ => assert_is_zipmap(&found, &case["outputs"]),
        }
    }
}

#[test]
fn a_fixed_batch_is_filled_up_and_cut() {
    let Some(mut engine) = engine("fixed_batch") else { return };
    for n_rows in [0_i32, 1, 2, 3, 5] {
        let n = usize::try_from(n_rows).unwrap();
        let values: Vec<f64> = (0..n_rows * 3).map(f64::from).collect();
        let x = Tensor::new(vec![n, 3], Elements::Fp64(values)).unwrap();
        let y = arrays(score(&mut engine, &Batch::Tensors(vec![("x".to_owned(), x)])));
        let rows = (0..n_rows).map(|row| f64::from(row * 3));
        let expected: Vec<f64> =
            rows.flat_map(|x| [2.0 * (x + 1.0) + 4.0 * (x + 2.0), 9.0 * x + 13.0]).collect();
        let expected = Tensor::new(vec![n, 2], Elements::Fp64(expected)).unwrap();
        assert_eq!(y, [("y".to_owned(), expected)]);
    }
}

#[test]
fn a_large_batch_is_scored_in_pieces_and_gives_the_same() {
    for name in ["forest", "logistic"] {
        let Some(mut engine) = engine(name) else { return };
        let all = flowers(10_000);
        let input = |tensor: Tensor| Batch::Tensors(vec![(String::new(), tensor)]);
        for _ in 0..3 {
            let found = arrays(score(&mut engine, &input(all.clone())));
            for start in [0, 95, 96, 287, 5_000, 9_999] {
                let one = arrays(score(&mut engine, &input(all.slice(start, 1))));
                for ((_, one), (output, found)) in one.iter().zip(&found) {
                    assert_near(&found.slice(start, 1), one, &format!("{name}.{output}[{start}]"));
                }
            }
        }
        let found = frame(score(&mut engine, &matrix_as_table(&all)));
        assert_eq!(found.num_rows(), 10_000);
    }
}

#[test]
fn no_rows_give_no_rows() {
    let cases = cases();
    for (name, case) in cases.as_object().unwrap() {
        if name == "whole_batch" {
            continue;
        }
        let Some(mut engine) = engine(name) else { return };
        let none = inputs(case).into_iter().map(|(name, tensor)| (name, tensor.slice(0, 0))).collect();
        assert_eq!(score(&mut engine, &Batch::Tensors(none)).n_rows(), Some(0), "{name}");
    }
    let Some(mut engine) = engine("logistic") else { return };
    assert_eq!(score(&mut engine, &matrix_as_table(&flowers(0))).n_rows(), Some(0));
}
