//! However rows are cut into batches, each has the value that it has alone.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat;
use proptest::prelude::*;

use super::compiled::{Compiled, Failed};
use super::tests::{compile, rows};

/// Each with its type. Most fail for some rows, and some of these only where a branch is taken.
const EXPRESSIONS: [(&str, &str); 14] = [
    ("a + b", "int64"),
    ("a * b - a", "int64"),
    ("a / b", "int64"),
    ("a % b", "int64"),
    ("flag AND CAST(s AS BIGINT) > 1", "bool"),
    ("flag OR CAST(s AS BIGINT) > 1", "bool"),
    ("CASE WHEN flag THEN CAST(s AS BIGINT) ELSE a + 1 END", "int64"),
    ("CASE s WHEN '7' THEN a WHEN 'x' THEN b * b END", "int64"),
    ("coalesce(CAST(a AS DOUBLE), x, 1.5)", "float64"),
    ("coalesce(a, CAST(s AS BIGINT))", "int64"),
    ("CAST(x AS BIGINT)", "int64"),
    ("x > 0 AND x < 10 OR b IN (0, 1, a)", "bool"),
    ("upper(s) || CAST(a AS VARCHAR)", "string"),
    ("nullif(x, 0) / x", "float64"),
];

type Row = (Option<i64>, Option<i64>, Option<f64>, Option<&'static str>, Option<bool>);

fn row() -> impl Strategy<Value = Row> {
    let number = || {
        proptest::option::weighted(0.8, prop_oneof![4 => -3..=3_i64, 1 => Just(i64::MIN), 1 => any::<i64>()])
    };
    let float = prop_oneof![Just(0.0), Just(-0.0), Just(f64::NAN), Just(1e300), -5.0..20.0];
    let text = prop_oneof![3 => Just("7"), 2 => Just("-1"), 1 => Just("x"), 1 => Just("")];
    let flag = proptest::option::weighted(0.9, proptest::bool::weighted(0.3));
    (number(), number(), proptest::option::weighted(0.8, float), proptest::option::weighted(0.8, text), flag)
}

/// The columns that the property is about; the others have one value.
fn batch(made: &[Row]) -> RecordBatch {
    let like = rows();
    let column = |name: &str| -> ArrayRef {
        match name {
            "a" => Arc::new(made.iter().map(|row| row.0).collect::<Int64Array>()),
            "b" => Arc::new(made.iter().map(|row| row.1).collect::<Int64Array>()),
            "x" => Arc::new(made.iter().map(|row| row.2).collect::<Float64Array>()),
            "s" => Arc::new(made.iter().map(|row| row.3).collect::<StringArray>()),
            "flag" => Arc::new(made.iter().map(|row| row.4).collect::<BooleanArray>()),
            other => {
                arrow::array::new_null_array(like.column_by_name(other).unwrap().data_type(), made.len())
            }
        }
    };
    let schema = like.schema();
    let columns = schema.fields().iter().map(|field| column(field.name())).collect();
    RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
}

/// One row after the other; the first that fails ends it.
fn one_by_one(compiled: &Compiled, batch: &RecordBatch) -> Result<ArrayRef, Failed> {
    let mut values = Vec::new();
    for row in 0..batch.num_rows() {
        let of_row = compiled.values(&batch.slice(row, 1));
        values.push(of_row.map_err(|failed| Failed { row: Some(row), ..failed })?.remove(0));
    }
    Ok(concat(&values.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_batch_has_the_values_of_its_rows(made in proptest::collection::vec(row(), 1..40)) {
        let batch = batch(&made);
        for expression in EXPRESSIONS {
            let compiled = compile(&[expression]).unwrap();
            let found = compiled.values(&batch).map(|mut values| values.remove(0));
            prop_assert_eq!(found, one_by_one(&compiled, &batch), "{}", expression.0);
        }
    }
}

#[test]
fn a_branch_that_a_row_does_not_take_does_not_fail_it() {
    let compiled = compile(&[("flag AND CAST(s AS BIGINT) > 1", "bool")]).unwrap();
    let made = [("7", true), ("x", false), ("1", true)];
    let made = made.map(|(text, flag)| (None, None, None, Some(text), Some(flag)));
    let values = compiled.values(&batch(&made)).unwrap();
    assert_eq!(*values[0], BooleanArray::from(vec![true, false, false]));
}

#[test]
fn no_rows_have_no_values() {
    let compiled = compile(&[("a + b", "int64"), ("1", "int64"), ("NULL", "string")]).unwrap();
    let values = compiled.values(&batch(&[])).unwrap();
    assert!(values.iter().all(|values| values.is_empty()) && values.len() == 3);
}
