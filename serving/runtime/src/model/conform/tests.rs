//! What fits a signature, and what is told when something does not.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, DictionaryArray, Float32Array, Float64Array, Int32Array, Int64Array, LargeStringArray,
    ListArray, StringArray, TimestampNanosecondArray, TimestampSecondArray,
};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampNanosecondType};
use proptest::prelude::*;

use super::*;
use crate::model::dtype::DType;
use crate::model::signature::ColumnType;
use crate::model::tensor::Elements;

fn column(name: &str, column_type: ColumnType, required: bool) -> Column {
    Column { name: Some(name.to_owned()), column_type, required }
}

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn conformed(table: &RecordBatch, columns: Vec<Column>, casts: Casts) -> Result<RecordBatch, String> {
    match conform(table, &Inputs::Columns(columns), casts) {
        Ok(Batch::Columns(table)) => Ok(table),
        Ok(Batch::Tensors(_)) => panic!("tensors"),
        Err(misfit) => Err(misfit.to_string()),
    }
}

fn one(array: ArrayRef, column_type: ColumnType, casts: Casts) -> Result<ArrayRef, String> {
    conformed(&table(vec![("a", array)]), vec![column("a", column_type, true)], casts)
        .map(|table| table.column(0).clone())
}

fn longs(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn columns_are_picked_by_name_and_those_that_fit_are_shared() {
    let (a, b) = (longs(&[1, 2]), texts(&["x", "y"]));
    let table = table(vec![("extra", longs(&[0, 0])), ("b", b), ("a", a.clone())]);
    let columns = vec![column("a", ColumnType::Long, true), column("b", ColumnType::String, true)];
    let conformed = conformed(&table, columns, Casts::Strict).unwrap();
    assert_eq!(
        conformed.schema().fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    let own = conformed.column(0).as_primitive::<Int64Type>().values().as_ptr();
    assert_eq!(own, a.as_primitive::<Int64Type>().values().as_ptr());
}

#[test]
fn optional_columns_that_are_missing_are_null() {
    let columns = vec![column("a", ColumnType::Long, true), column("o", ColumnType::Double, false)];
    let conformed = conformed(&table(vec![("a", longs(&[1, 2]))]), columns, Casts::Strict).unwrap();
    assert_eq!(conformed.column(1).null_count(), 2);
}

#[test]
fn every_column_that_does_not_fit_is_told() {
    let columns = vec![
        column("a", ColumnType::Integer, true),
        column("b", ColumnType::Long, true),
        column("c", ColumnType::Long, true),
    ];
    let table = table(vec![("a", longs(&[1])), ("b", texts(&["x"])), ("d", longs(&[1]))]);
    let error = conformed(&table, columns, Casts::Strict).unwrap_err();
    assert_eq!(
        error,
        "Model is missing inputs ['c']. Note that there were extra inputs: ['d']; \
         column 'a': it is of type Int64, where integer is expected; \
         column 'b': it is of type Utf8, where long is expected"
    );
}

#[test]
fn a_schema_is_judged_before_there_is_a_row() {
    let inputs =
        Inputs::Columns(vec![column("a", ColumnType::Double, true), column("b", ColumnType::Long, true)]);
    let fits = table(vec![("a", longs(&[1])), ("b", longs(&[1]))]);
    check_schema(&fits.schema(), &inputs).unwrap();
    let misfit = table(vec![("a", texts(&["x"])), ("b", texts(&["x"]))]);
    assert_eq!(check_schema(&misfit.schema(), &inputs).unwrap_err().problems.len(), 2);
    let unnamed =
        Inputs::Tensors(vec![TensorField { name: None, dtype: DType::Fp32, shape: vec![None, Some(3)] }]);
    assert!(check_schema(&fits.schema(), &unnamed).is_err());
}

#[test]
fn strict_casts_widen_and_nothing_else() {
    let ints: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let singles: ArrayRef = Arc::new(Float32Array::from(vec![0.5]));
    let doubles: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let widened = [(&ints, ColumnType::Long), (&ints, ColumnType::Double), (&singles, ColumnType::Double)];
    for (array, column_type) in widened {
        one(array.clone(), column_type, Casts::Strict).unwrap();
    }
    let refused = [
        (&doubles, ColumnType::Float),
        (&doubles, ColumnType::Long),
        (&ints, ColumnType::Boolean),
        (&ints, ColumnType::String),
    ];
    for (array, column_type) in refused {
        one(array.clone(), column_type, Casts::Strict).unwrap_err();
    }
}

#[test]
fn a_long_is_a_double_where_it_is_exactly_one() {
    one(longs(&[1 << 53]), ColumnType::Double, Casts::Strict).unwrap();
    let error = one(longs(&[0, (1 << 53) + 1]), ColumnType::Double, Casts::Strict).unwrap_err();
    assert_eq!(error, "column 'a', row 1: 9007199254740993 is not a value of type double");
}

#[test]
fn texts_in_other_layouts_are_texts() {
    let large: ArrayRef = Arc::new(LargeStringArray::from(vec!["x"]));
    let dictionary: ArrayRef = Arc::new(vec!["x"].into_iter().collect::<DictionaryArray<Int32Type>>());
    for array in [large, dictionary] {
        let conformed = one(array, ColumnType::String, Casts::Strict).unwrap();
        assert_eq!(conformed.as_string::<i32>().value(0), "x");
    }
}

#[test]
fn moments_of_other_units_are_nanoseconds_if_these_can_hold_them() {
    let moments = |seconds: i64| Arc::new(TimestampSecondArray::from(vec![seconds])) as ArrayRef;
    one(moments(1), ColumnType::Datetime, Casts::Strict).unwrap();
    let refused = |seconds| one(moments(seconds), ColumnType::Datetime, Casts::Strict).unwrap_err();
    assert_eq!(
        refused(i64::MAX / 2),
        "column 'a', row 0: 4611686018427387903 is not a value of type datetime"
    );
    assert_eq!(
        refused(16_725_225_600),
        "column 'a', row 0: 2500-01-01T00:00:00 is not a value of type datetime"
    );
}

#[test]
fn moments_in_a_zone_are_those_of_utc() {
    for zone in ["UTC", "+01:00", "Europe/Berlin"] {
        let moments: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![7, -1]).with_timezone(zone));
        let seconds: ArrayRef =
            Arc::new(TimestampSecondArray::from(vec![0, 16_725_225_600]).with_timezone(zone));
        for casts in [Casts::Strict, Casts::Lossless] {
            let utc = one(Arc::clone(&moments), ColumnType::Datetime, casts).unwrap();
            assert_eq!(utc.as_primitive::<TimestampNanosecondType>().values().to_vec(), [7, -1]);
            let refused = one(Arc::clone(&seconds), ColumnType::Datetime, casts).unwrap_err();
            assert_eq!(refused, "column 'a', row 1: 2500-01-01T00:00:00 is not a value of type datetime");
        }
    }
}

#[test]
fn lossless_casts_judge_each_value() {
    let parsed = one(texts(&["1.5", "2"]), ColumnType::Double, Casts::Lossless).unwrap();
    assert_eq!(parsed.as_primitive::<Float64Type>().values().to_vec(), [1.5, 2.0]);
    let whole: ArrayRef = Arc::new(Float64Array::from(vec![3.0]));
    let parsed = one(whole, ColumnType::Integer, Casts::Lossless).unwrap();
    assert_eq!(parsed.as_primitive::<Int32Type>().value(0), 3);
    let fraction: ArrayRef = Arc::new(Float64Array::from(vec![3.0, 3.5]));
    let error = one(fraction, ColumnType::Long, Casts::Lossless).unwrap_err();
    assert_eq!(error, "column 'a', row 1: 3.5 is not a value of type long");
    assert!(one(longs(&[2_147_483_648]), ColumnType::Integer, Casts::Lossless).is_err());
}

#[test]
fn nulls_are_nan_in_required_floats_and_refused_elsewhere() {
    let gaps: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
    let filled = one(gaps, ColumnType::Double, Casts::Strict).unwrap();
    assert!(filled.null_count() == 0 && filled.as_primitive::<Float64Type>().value(1).is_nan());
    let gaps: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    let error = one(gaps, ColumnType::Long, Casts::Strict).unwrap_err();
    assert_eq!(error, "column 'a', row 1: null, where a value of type long is required");
}

#[test]
fn items_of_lists_are_cast_and_named_by_their_row() {
    let lists = |rows: Vec<Vec<i32>>| {
        let rows = rows.into_iter().map(|row| Some(row.into_iter().map(Some)));
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows)) as ArrayRef
    };
    let array_of = |items| ColumnType::Array(Box::new(items));
    let cast = one(lists(vec![vec![1], vec![2, 3]]), array_of(ColumnType::Double), Casts::Strict).unwrap();
    assert_eq!(cast.len(), 2);
    let error =
        one(lists(vec![vec![1], vec![0, 3]]), array_of(ColumnType::Boolean), Casts::Lossless).unwrap_err();
    assert_eq!(error, "column 'a', row 1: 3 is not a value of type boolean");
}

#[test]
fn columns_without_names_go_by_position() {
    let unnamed = || Column { name: None, column_type: ColumnType::Double, required: true };
    let conformed_two = conformed(
        &table(vec![("x", longs(&[1])), ("y", longs(&[2]))]),
        vec![unnamed(), unnamed()],
        Casts::Strict,
    );
    assert_eq!(
        conformed_two.unwrap().column(1).as_primitive::<Float64Type>().value(0).to_bits(),
        2.0_f64.to_bits()
    );
    let error =
        conformed(&table(vec![("x", longs(&[1]))]), vec![unnamed(), unnamed()], Casts::Strict).unwrap_err();
    assert_eq!(error, "Model inference is missing inputs: it takes 2 columns, 1 came");
}

fn tensors(
    table: &RecordBatch,
    fields: Vec<TensorField>,
    casts: Casts,
) -> Result<Vec<(String, Vec<usize>, Elements)>, String> {
    match conform(table, &Inputs::Tensors(fields), casts) {
        Ok(Batch::Tensors(tensors)) => Ok(tensors
            .into_iter()
            .map(|(name, tensor)| {
                let (shape, elements) = tensor.into_parts();
                (name, shape, elements)
            })
            .collect()),
        Ok(Batch::Columns(_)) => panic!("columns"),
        Err(misfit) => Err(misfit.to_string()),
    }
}

fn singles(name: Option<&str>, shape: &[Option<usize>]) -> TensorField {
    TensorField { name: name.map(str::to_owned), dtype: DType::Fp32, shape: shape.to_vec() }
}

#[test]
fn a_tensor_without_a_name_is_the_matrix_of_values() {
    let table = table(vec![("a", longs(&[1, 2])), ("b", longs(&[3, 4]))]);
    let made = tensors(&table, vec![singles(None, &[None, Some(2)])], Casts::Strict).unwrap();
    assert_eq!(made, [(String::new(), vec![2, 2], Elements::Fp32(vec![1.0, 3.0, 2.0, 4.0]))]);
    let error = tensors(&table, vec![singles(None, &[None, Some(3)])], Casts::Strict).unwrap_err();
    assert_eq!(error, "the input: a table of 2 columns, where a shape of [-1, 3] is expected");
}

#[test]
fn tensors_with_names_take_columns_of_values_or_lists() {
    let rows = vec![Some(vec![Some(1), Some(2)]), Some(vec![Some(3), Some(4)])];
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows));
    let table = table(vec![("x", lists), ("y", longs(&[5, 6]))]);
    let fields = vec![singles(Some("y"), &[None, Some(1)]), singles(Some("x"), &[None, Some(2)])];
    let made = tensors(&table, fields, Casts::Lossless).unwrap();
    assert_eq!(made[0], ("y".to_owned(), vec![2, 1], Elements::Fp32(vec![5.0, 6.0])));
    assert_eq!(made[1], ("x".to_owned(), vec![2, 2], Elements::Fp32(vec![1.0, 2.0, 3.0, 4.0])));
    let error = tensors(&table, vec![singles(Some("z"), &[None])], Casts::Lossless).unwrap_err();
    assert_eq!(error, "Model is missing inputs ['z']");
}

#[test]
fn lists_of_different_lengths_are_no_tensor() {
    let rows = vec![Some(vec![Some(1), Some(2)]), Some(vec![Some(3)])];
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows));
    let error =
        tensors(&table(vec![("x", lists)]), vec![singles(Some("x"), &[None, Some(2)])], Casts::Lossless);
    assert_eq!(error.unwrap_err(), "column 'x', row 1: a list of 1, where the others have 2");
}

proptest! {
    #[test]
    fn a_long_that_is_taken_for_a_double_or_an_integer_is_the_same(number: i64) {
        if let Ok(array) = one(longs(&[number]), ColumnType::Double, Casts::Strict) {
            let double = array.as_primitive::<Float64Type>().value(0);
            prop_assert_eq!(format!("{double:.0}"), number.to_string());
        }
        if let Ok(array) = one(longs(&[number]), ColumnType::Integer, Casts::Lossless) {
            prop_assert_eq!(i64::from(array.as_primitive::<Int32Type>().value(0)), number);
        }
    }
}

#[test]
fn a_table_for_a_model_that_told_nothing_passes() {
    let table = table(vec![("a", longs(&[1]))]);
    assert_eq!(conform(&table, &Inputs::Untold, Casts::Strict), Ok(Batch::Columns(table)));
}
