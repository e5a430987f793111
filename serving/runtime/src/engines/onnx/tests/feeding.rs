//! Which columns and tensors feed an input, and what is told of those that do not fit.

use arrow::array::{AsArray as _, Int64Array, ListArray, RecordBatchOptions, StringArray};
use arrow::datatypes::{Float32Type, Int64Type};

use super::*;

#[test]
fn several_inputs_take_the_columns_of_their_names() {
    let Some(mut engine) = engine("by_column") else { return };
    let city: ArrayRef = Arc::new(StringArray::from(vec!["Oslo", "Rome", "Lima"]));
    let price: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 2.5, 3.5]));
    let count: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0]));
    let spare: ArrayRef = Arc::new(StringArray::from(vec!["x"; 3]));
    let all =
        vec![("count", count.clone()), ("spare", spare), ("price", price.clone()), ("city", city.clone())];
    let found = frame(score(&mut engine, &table(all)));
    let expected = tensor(&cases()["by_column"]["outputs"]["total"]);
    let total = found["total"].as_primitive::<Float32Type>().values().to_vec();
    assert_near(&Tensor::new(vec![3, 1], Elements::Fp32(total)).unwrap(), &expected, "total");
    assert_eq!(found["place"].as_string::<i32>().value(2), "Lima");

    let reason = refused(&mut engine, &table(vec![("city", city.clone()), ("price", price.clone())]));
    assert_eq!(
        reason,
        "input 'count' (INT64 [-1]) needs a column of its name; the columns are 'city', 'price'"
    );
    let half: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.5, 3.0]));
    let halves = table(vec![("city", city.clone()), ("price", price.clone()), ("count", half)]);
    let reason = refused(&mut engine, &halves);
    assert_eq!(reason, "column 'count', row 1: 2.5 does not fit input 'count', which takes INT64");
    let missing: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None]));
    let missing = table(vec![("city", city), ("price", price.clone()), ("count", missing)]);
    let reason = refused(&mut engine, &missing);
    assert_eq!(reason, "column 'count', row 2: null does not fit input 'count', which takes INT64");
    let nowhere: ArrayRef = Arc::new(StringArray::from(vec![Some("Oslo"), None, Some("Lima")]));
    let reason = refused(
        &mut engine,
        &table(vec![("city", nowhere), ("price", price.clone()), ("count", count.clone())]),
    );
    assert_eq!(reason, "column 'city', row 1: null does not fit input 'city', which takes BYTES");
    let reason =
        refused(&mut engine, &table(vec![("city", price.clone()), ("price", price), ("count", count)]));
    assert_eq!(reason, "column 'city' of type Float64 does not fit input 'city', which takes BYTES [-1, 1]");
}

#[test]
fn a_column_of_lists_becomes_a_matrix_if_they_are_of_one_length() {
    let Some(mut engine) = engine("embedding") else { return };
    let lists = |rows: Vec<Vec<i64>>| -> ArrayRef {
        let rows = rows.into_iter().map(|row| Some(row.into_iter().map(Some).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows))
    };
    let ids = lists(vec![vec![9, 9, 9], vec![0, 4, 1], vec![2, 2, 3]]).slice(1, 2);
    let found = frame(score(&mut engine, &table(vec![("ids", ids)])));
    let vectors = found["vectors"].as_list::<i32>();
    let first = vectors.value(0);
    let last = first.as_list::<i32>().value(1);
    assert_eq!(last.as_primitive::<Float32Type>().values().to_vec(), [8.0, 9.0]);
    let reason = refused(&mut engine, &table(vec![("ids", lists(vec![vec![1], vec![1, 2]]))]));
    assert!(
        reason.starts_with("column 'ids' needs a list of numbers in each row, all of one length"),
        "{reason}"
    );
    let beyond = refused(&mut engine, &table(vec![("ids", lists(vec![vec![1, 5]]))]));
    assert!(beyond.contains("out of data bounds") || beyond.contains("out of bounds"), "{beyond}");
    assert_eq!(frame(score(&mut engine, &table(vec![("ids", lists(vec![]))]))).num_rows(), 0);
}

#[test]
fn a_tensor_that_does_not_fit_is_told_with_what_would() {
    let Some(mut engine) = engine("logistic") else { return };
    let mut said = |name: &str, shape: &[usize], elements| {
        let tensor = Tensor::new(shape.to_vec(), elements).unwrap();
        refused(&mut engine, &Batch::Tensors(vec![(name.to_owned(), tensor)]))
    };
    let floats = |n| Elements::Fp32(vec![0.0; n]);
    assert_eq!(said("X", &[2, 3], floats(6)), "input 'X' takes FP32 [-1, 4], found FP32 [2, 3]");
    assert_eq!(said("X", &[4], floats(4)), "input 'X' takes FP32 [-1, 4], found FP32 [4]");
    assert_eq!(said("X", &[], floats(1)), "input 'X' takes FP32 [-1, 4], found FP32 []");
    let texts = Elements::Bytes(vec![b"a".to_vec(); 4]);
    assert_eq!(said("X", &[1, 4], texts), "input 'X' takes FP32 [-1, 4], found BYTES [1, 4]");
    assert_eq!(said("Y", &[1, 4], floats(4)), "the model has no input 'Y'; it takes 'X'");
    let nothing = refused(&mut engine, &Batch::Tensors(Vec::new()));
    assert_eq!(nothing, "input 'X' is missing: FP32 [-1, 4]");
    let Batch::Columns(table) = matrix_as_table(&flowers(1)) else { panic!("no table") };
    let one_column = Batch::Columns(table.project(&[0]).unwrap());
    let wide = refused(&mut engine, &one_column);
    assert_eq!(wide, "input 'X' takes FP32 [-1, 4], which does not fit 1 columns for each row");
}

#[test]
fn values_of_tensors_that_do_not_fit_are_told_by_their_place() {
    let Some(mut many) = engine("many_types") else { return };
    let number = |elements| Batch::Tensors(vec![("number".to_owned(), Tensor::of_rows(elements))]);
    let reason = refused(&mut many, &number(Elements::Fp32(vec![1.0, 1.5])));
    assert_eq!(reason, "input 'number' takes INT64, which 1.5 (element 1) does not fit");
    assert_eq!(score(&mut many, &number(Elements::Int8(vec![1, 2]))).n_rows(), Some(2));

    let Some(mut by_column) = engine("by_column") else { return };
    let mut said = |city: Vec<Vec<u8>>, n_prices: usize| {
        let rows = |elements| Tensor::of_rows(elements);
        refused(
            &mut by_column,
            &Batch::Tensors(vec![
                ("city".to_owned(), rows(Elements::Bytes(city))),
                ("price".to_owned(), rows(Elements::Fp32(vec![1.0; n_prices]))),
                ("count".to_owned(), rows(Elements::Int64(vec![1; 2]))),
            ]),
        )
    };
    let not_text = "input 'city' takes texts in UTF-8, which element 1 is not";
    assert_eq!(said(vec![b"Oslo".to_vec(), vec![0xff]], 2), not_text);
    assert_eq!(said(vec![b"Oslo".to_vec(), b"a\0b".to_vec()], 2), not_text);
    assert_eq!(said(vec![b"Oslo".to_vec(); 2], 3), "input 'price' has 3 rows where input 'city' has 2");
}

#[test]
fn a_table_without_columns_has_rows_that_do_not_fit() {
    let Some(mut engine) = engine("logistic") else { return };
    let options = RecordBatchOptions::new().with_row_count(Some(2));
    let schema = Arc::new(Schema::empty());
    let empty = RecordBatch::try_new_with_options(schema, Vec::new(), &options).unwrap();
    let reason = refused(&mut engine, &Batch::Columns(empty));
    assert_eq!(reason, "input 'X' takes FP32 [-1, 4], which does not fit 0 columns for each row");
}
