//! What expressions mean, as a table of them with their values; what is refused, and with which words.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::compiled::{Compiled, Failed, Limits, Stopped};
use crate::model::about::About;
use crate::model::name::Name;
use crate::model::on_demand_view::{Computed, OnDemandView};
use crate::model::value_type::ValueType;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

const INPUTS: [(&str, &str); 9] = [
    ("a", "int64"),
    ("b", "int64"),
    ("i", "int32"),
    ("x", "float64"),
    ("f", "float32"),
    ("s", "string"),
    ("t", "timestamp"),
    ("d", "date"),
    ("flag", "bool"),
];

pub(super) fn compile(features: &[(&str, &str)]) -> Result<Compiled, String> {
    let inputs: BTreeMap<_, _> =
        INPUTS.iter().map(|(input, kind)| (name(input), kind.parse::<ValueType>().unwrap())).collect();
    let computed = |(n, (expression, kind)): (usize, &(&str, &str))| Computed {
        name: name(&format!("f{n}")),
        expression: (*expression).to_owned(),
        kind: kind.parse().unwrap(),
        description: None,
    };
    let view = OnDemandView {
        name: name("late"),
        inputs: Vec::new(),
        request: vec![(name("Asked"), ValueType::Float64)],
        features: features.iter().enumerate().map(computed).collect(),
        about: About::default(),
    };
    Compiled::of(&view, &inputs).map_err(|error| error.to_string())
}

impl Compiled {
    /// The features of rows which nobody ends and which have enough room.
    pub(super) fn values(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>, Failed> {
        self.evaluate(batch, &Limits::new(&|| false)).map_err(|stopped| match stopped {
            Stopped::Failed(failed) => failed,
            other => panic!("{other:?}"),
        })
    }
}

/// Three rows; the second is null throughout.
pub(super) fn rows() -> RecordBatch {
    let column = |name, array: ArrayRef| (name, array, true);
    let minutes = |minute: i64| Some(minute * 60_000_000);
    RecordBatch::try_from_iter_with_nullable([
        column("flag", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        column("a", Arc::new(Int64Array::from(vec![Some(7), None, Some(-7)]))),
        column("b", Arc::new(Int64Array::from(vec![Some(2), None, Some(0)]))),
        column("i", Arc::new(Int32Array::from(vec![Some(5), None, Some(-5)]))),
        column("x", Arc::new(Float64Array::from(vec![Some(2.5), None, Some(f64::NAN)]))),
        column("f", Arc::new(Float32Array::from(vec![Some(0.1), None, Some(-0.0)]))),
        column("s", Arc::new(StringArray::from(vec![Some("Ärger, ok"), None, Some("")]))),
        // 2013-01-01 06:30 and 1969-12-31 23:59, UTC.
        column(
            "t",
            Arc::new(
                TimestampMicrosecondArray::from(vec![minutes(22_617_030), None, minutes(-1)])
                    .with_timezone("UTC"),
            ),
        ),
        column("d", Arc::new(Date32Array::from(vec![Some(15_706), None, Some(-1)]))),
        column("Asked", Arc::new(Float64Array::from(vec![Some(10.0), None, Some(0.0)]))),
        column("unused", Arc::new(Int32Array::from(vec![1, 2, 3]))),
    ])
    .unwrap()
}

/// The values as text, ∅ for null.
fn shown(values: &ArrayRef) -> String {
    let options = FormatOptions::new().with_null("∅");
    let formatter = ArrayFormatter::try_new(values, &options).unwrap();
    (0..values.len()).map(|row| formatter.value(row).to_string()).collect::<Vec<_>>().join(" | ")
}

/// Expressions with their type and their values, as `DuckDB` 2.0 gives them where it has the same words; but it has no
/// remainders in `/` and no null for a division by zero.
const VALUES: [(&str, &str, &str); 72] = [
    // Numbers.
    ("a + b", "int64", "9 | ∅ | -7"),
    ("a / b", "int64", "3 | ∅ | ∅"),
    ("a % b", "int64", "1 | ∅ | ∅"),
    ("a / 2", "int64", "3 | ∅ | -3"),
    ("a % 4", "int64", "3 | ∅ | -3"),
    ("-a", "int64", "-7 | ∅ | 7"),
    ("a * 1.5", "float64", "10.5 | ∅ | -10.5"),
    ("a / CAST(b AS DOUBLE)", "float64", "3.5 | ∅ | -inf"),
    ("i", "int64", "5 | ∅ | -5"),
    ("i", "float64", "5.0 | ∅ | -5.0"),
    ("i + i", "int32", "10 | ∅ | -10"),
    ("i + 1", "int64", "6 | ∅ | -4"),
    ("CAST(a AS INT)", "int32", "7 | ∅ | -7"),
    ("f", "float64", "0.10000000149011612 | ∅ | -0.0"),
    ("CAST(x AS REAL)", "float32", "2.5 | ∅ | NaN"),
    ("abs(a)", "int64", "7 | ∅ | 7"),
    ("round(x)", "float64", "3.0 | ∅ | NaN"),
    ("round(x * 1.11, 1)", "float64", "2.8 | ∅ | NaN"),
    ("floor(x) + ceil(x)", "float64", "5.0 | ∅ | NaN"),
    ("power(x, 2)", "float64", "6.25 | ∅ | NaN"),
    ("sqrt(CAST(b AS DOUBLE))", "float64", "1.4142135623730951 | ∅ | 0.0"),
    ("ln(exp(1.0))", "float64", "1.0 | 1.0 | 1.0"),
    ("signum(CAST(a AS DOUBLE))", "float64", "1.0 | ∅ | -1.0"),
    ("Asked - x", "float64", "7.5 | ∅ | NaN"),
    ("pi() > 3", "bool", "true | true | true"),
    ("x / 0", "float64", "inf | ∅ | NaN"),
    // Comparisons and logic.
    ("x > 2", "bool", "true | ∅ | true"),
    ("x = x", "bool", "true | ∅ | true"),
    ("isnan(x)", "bool", "false | ∅ | true"),
    ("f = 0", "bool", "false | ∅ | true"),
    ("a IN (7, 8)", "bool", "true | ∅ | false"),
    ("a BETWEEN -7 AND 0", "bool", "false | ∅ | true"),
    ("flag AND a > 0", "bool", "true | ∅ | false"),
    ("flag OR TRUE", "bool", "true | true | true"),
    ("NOT flag", "bool", "false | ∅ | true"),
    ("a IS NULL", "bool", "false | true | false"),
    ("a IS DISTINCT FROM 7", "bool", "false | true | true"),
    // What chooses.
    ("CASE WHEN b <> 0 THEN a / b ELSE -1 END", "int64", "3 | -1 | -1"),
    ("CASE b WHEN 2 THEN 'two' WHEN 0 THEN 'none' END", "string", "two | ∅ | none"),
    ("coalesce(a, 0)", "int64", "7 | 0 | -7"),
    ("coalesce(a, b, i, 3)", "int64", "7 | 3 | -7"),
    ("nvl(x, 0.0)", "float64", "2.5 | 0.0 | NaN"),
    ("nullif(a, 7)", "int64", "∅ | ∅ | -7"),
    ("greatest(a, b)", "int64", "7 | ∅ | 0"),
    ("least(a, b, 1)", "int64", "1 | 1 | -7"),
    ("NULL", "float32", "∅ | ∅ | ∅"),
    // Text.
    ("upper(s)", "string", "ÄRGER, OK | ∅ | "),
    ("UPPER(s)", "string", "ÄRGER, OK | ∅ | "),
    ("length(s)", "int64", "9 | ∅ | 0"),
    ("substr(s, 1, 3)", "string", "Ärg | ∅ | "),
    ("substring(s FROM 1 FOR 1)", "string", "Ä | ∅ | "),
    ("s || '!'", "string", "Ärger, ok! | ∅ | !"),
    ("concat(s, '!')", "string", "Ärger, ok! | ! | !"),
    ("split_part(s, ', ', 2)", "string", "ok | ∅ | "),
    ("strpos(s, 'ger')", "int64", "3 | ∅ | 0"),
    ("position('ger' IN s)", "int64", "3 | ∅ | 0"),
    ("s LIKE '%ok'", "bool", "true | ∅ | false"),
    ("starts_with(s, 'Ä')", "bool", "true | ∅ | false"),
    ("regexp_like(s, '^Ä.*k$')", "bool", "true | ∅ | false"),
    ("regexp_replace(s, '[, ]+', '-')", "string", "Ärger-ok | ∅ | "),
    ("trim('  ok ')", "string", "ok | ok | ok"),
    ("CAST(a AS VARCHAR)", "string", "7 | ∅ | -7"),
    ("s = ''", "bool", "false | ∅ | true"),
    // Times.
    ("extract(hour FROM t)", "int32", "6 | ∅ | 23"),
    ("date_part('dow', t)", "int32", "2 | ∅ | 3"),
    ("date_trunc('hour', t)", "timestamp", "2013-01-01T06:00:00Z | ∅ | 1969-12-31T23:00:00Z"),
    ("t + INTERVAL '1 day'", "timestamp", "2013-01-02T06:30:00Z | ∅ | 1970-01-01T23:59:00Z"),
    ("t > TIMESTAMP '2013-01-01 06:29:59.999999'", "bool", "true | ∅ | false"),
    ("extract(epoch FROM t - TIMESTAMP '2013-01-01') / 60", "float64", "390.0 | ∅ | -22616641.0"),
    ("CAST(t AS DATE)", "date", "2013-01-01 | ∅ | 1969-12-31"),
    ("d - DATE '2013-01-01'", "int64", "0 | ∅ | -15707"),
    (
        "CAST('2300-01-01' AS TIMESTAMP)",
        "timestamp",
        "2300-01-01T00:00:00Z | 2300-01-01T00:00:00Z | 2300-01-01T00:00:00Z",
    ),
];

#[test]
fn expressions_have_the_values_that_sql_gives_them() {
    let mut wrong = Vec::new();
    for (expression, kind, expected) in VALUES {
        let found = match compile(&[(expression, kind)]).map(|compiled| compiled.values(&rows())) {
            Ok(Ok(values)) => shown(&values[0]),
            Ok(Err(failed)) => failed.to_string(),
            Err(invalid) => invalid,
        };
        if found != expected {
            wrong.push(format!("{expression}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What fails, in which row, and with which words.
const FAILING: [(&str, usize, &str); 10] = [
    ("9223372036854775800 - b * -5 + a", 0, "Overflow happened on: 9223372036854775800 - -10"),
    ("a - 9223372036854775807 - 2", 2, "Overflow happened on: -7 - 9223372036854775807"),
    ("-(a - 9223372036854775801)", 2, "Overflow happened on: 0 - -9223372036854775808"),
    ("(a - 9223372036854775801) / -1", 2, "Overflow happened on: -9223372036854775808 / -1"),
    ("abs(a - 9223372036854775801)", 2, "overflow"),
    ("factorial(a * a - 28)", 0, "Overflow happened on FACTORIAL(21)"),
    ("CAST(a * 1e18 AS BIGINT) * 2", 0, "Overflow happened on: 7000000000000000000 * 2"),
    ("CAST(x AS BIGINT)", 2, "Can't cast value NaN to type Int64"),
    ("CAST(s AS BIGINT)", 0, "Cannot cast string 'Ärger, ok' to value of Int64 type"),
    ("CAST(i * 1000000000000 AS INT)", 0, "Can't cast value 5000000000000 to type Int32"),
];

#[test]
fn what_cannot_be_computed_names_feature_and_row() {
    for (expression, row, why) in FAILING {
        let failed = compile(&[("a", "int64"), (expression, "int64")]).unwrap().values(&rows()).unwrap_err();
        assert_eq!(failed.feature, Some(name("f1")), "{failed}");
        assert_eq!(failed.row, Some(row), "{failed}");
        assert!(failed.why.contains(why), "{failed}");
    }
    let failed = compile(&[("CAST(x AS BIGINT)", "int64")]).unwrap().values(&rows()).unwrap_err();
    let expected =
        "on-demand view 'late', feature 'f0', row 3: Cast error: Can't cast value NaN to type Int64";
    assert_eq!(failed.to_string(), expected);
}

#[test]
fn a_batch_of_other_columns_is_refused() {
    let compiled = compile(&[("a", "int64")]).unwrap();
    let failed = compiled.values(&rows().project(&[0, 1]).unwrap()).unwrap_err();
    assert_eq!(failed.to_string(), "on-demand view 'late': there is no column 'Asked'");
    let other: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let batch = rows();
    let schema = batch.schema();
    let columns = schema.fields().iter().map(|field| {
        let column = if field.name() == "a" { &other } else { batch.column_by_name(field.name()).unwrap() };
        (field.name().clone(), Arc::clone(column))
    });
    let failed = compiled.values(&RecordBatch::try_from_iter(columns).unwrap()).unwrap_err();
    assert_eq!(failed.to_string(), "on-demand view 'late': column 'a' is Int32, not Int64");
}

/// What is refused, and what is said of it.
const REFUSED: [(&str, &str, &str); 30] = [
    ("a +", "int64", "Expected: an expression, found: EOF"),
    ("a b", "int64", "line 1, column 3: the expression ended before 'b'"),
    ("a + tmp", "int64", "line 1, column 5: neither an input nor a value of the request is named 'tmp'"),
    (
        "a +\n  asked",
        "float64",
        "line 2, column 3: neither an input nor a value of the request is named 'asked'; did you mean 'Asked'?",
    ),
    ("weather.temp", "int64", "line 1, column 1: 'weather.temp': a feature is written without its view"),
    ("$1", "int64", "line 1, column 1: '$1': values of the request are written by their names"),
    ("sum(a)", "int64", "line 1, column 1: 'sum' looks at many rows; an expression sees one"),
    (
        "a + row_number() OVER (ORDER BY a)",
        "int64",
        "line 1, column 5: 'row_number … OVER' looks at many rows; an expression sees one",
    ),
    ("abs(a) OVER ()", "int64", "line 1, column 1: 'abs … OVER' looks at many rows; an expression sees one"),
    ("(SELECT a)", "int64", "a subquery; an expression sees one row"),
    ("a IN (SELECT 1)", "bool", "line 1, column 1: a subquery; an expression sees one row"),
    ("EXISTS (SELECT 1)", "bool", "a subquery; an expression sees one row"),
    (
        "random()",
        "float64",
        "line 1, column 1: 'random' has another value each time; let the request have it as a value",
    ),
    (
        "now()",
        "timestamp",
        "line 1, column 1: 'now' has another value each time; let the request have it as a value",
    ),
    (
        "CURRENT_DATE",
        "date",
        "'current_date' has another value each time; let the request have it as a value",
    ),
    (
        "uuid()",
        "string",
        "line 1, column 1: 'uuid' has another value each time; let the request have it as a value",
    ),
    (
        "repeat(s, 2147483647)",
        "string",
        "line 1, column 1: 'repeat' makes texts of any length, which no memory holds",
    ),
    ("LPAD(s, a)", "string", "line 1, column 1: 'lpad' makes texts of any length"),
    ("rpad(s, a, 'x')", "string", "line 1, column 1: 'rpad' makes texts of any length"),
    ("version()", "string", "line 1, column 1: there is no function 'version'"),
    ("uper(s)", "string", "line 1, column 1: there is no function 'uper'; did you mean 'upper'?"),
    (
        "a",
        "int32",
        "the result is Int64, which does not become int32 without a loss; write CAST(… AS …) around it",
    ),
    ("a", "float64", "the result is Int64, which does not become float64 without a loss"),
    ("x", "float32", "the result is Float64, which does not become float32 without a loss"),
    ("a > 1", "int64", "the result is Boolean, which does not become int64 without a loss"),
    (
        "CAST('seven' AS BIGINT)",
        "int64",
        "line 1, column 6: Cast error: Cannot cast string 'seven' to value of Int64 type",
    ),
    (
        "a + 2 * (flag + 1)",
        "int64",
        "line 1, column 10: Cannot coerce arithmetic expression Boolean + Int64 to valid types",
    ),
    ("upper(s, s)", "string", "line 1, column 1: "),
    ("@a", "int64", "'@a'"),
    ("9223372036854775808", "int64", "UInt64, which does not become int64"),
];

#[test]
fn what_is_no_function_of_one_row_is_refused_with_its_place() {
    let mut wrong = Vec::new();
    for (expression, kind, expected) in REFUSED {
        let found = compile(&[("a", "int64"), (expression, kind)]).err().unwrap_or_default();
        let about = found.strip_prefix("on-demand view 'late', feature 'f1': ");
        if !about.is_some_and(|about| about.contains(expected)) {
            wrong.push(format!("{expression}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_feature_with_a_mistake_is_told_by_its_place_in_the_view() {
    let inputs = BTreeMap::from([(name("a"), ValueType::Int64)]);
    let feature = |n: usize| Computed {
        name: name(&format!("f{n}")),
        expression: if n == 7 { "uper(a)" } else { "a + 1" }.to_owned(),
        kind: ValueType::Int64,
        description: None,
    };
    let view = OnDemandView {
        name: name("late"),
        inputs: Vec::new(),
        request: Vec::new(),
        features: (0..9).map(feature).collect(),
        about: About::default(),
    };
    assert_eq!(Compiled::of(&view, &inputs).unwrap_err().feature, Some(7));
}

#[test]
fn an_expression_nested_without_end_is_refused() {
    let deep = format!("{}a{}", "(".repeat(4_000), ")".repeat(4_000));
    assert!(compile(&[(&deep, "int64")]).unwrap_err().contains("nested deeper than 12 levels"));
    let unfinished = format!("{}a b{}", "CAST(".repeat(12), " AS BIGINT)".repeat(12));
    assert!(compile(&[(&unfinished, "int64")]).unwrap_err().contains("Expected"));
    for (n_terms, refusal) in
        [(51, "more than 50 operations in a row"), (2_500, "in a row"), (2_501, "longer than")]
    {
        let long = vec!["a"; n_terms].join(" + ");
        assert!(compile(&[(&long, "int64")]).unwrap_err().contains(refusal), "{n_terms}");
    }
    let long = vec!["a"; 50].join(" + ");
    assert_eq!(shown(&compile(&[(&long, "int64")]).unwrap().values(&rows()).unwrap()[0]), "350 | ∅ | -350");
}

#[test]
fn any_expression_that_is_not_nested_too_deep_is_evaluated() {
    for (before, after) in [
        ("abs(", ")"),
        ("-(", ")"),
        ("(", ") + 1"),
        ("CASE WHEN a > 0 THEN ", " END"),
        ("coalesce(", ", 1)"),
        ("CAST(", " AS BIGINT)"),
    ] {
        let nested = |depth| format!("{}a{}", before.repeat(depth), after.repeat(depth));
        let mut depth = 1;
        while let Ok(compiled) = compile(&[(&nested(depth), "int64")]) {
            compiled.values(&rows()).unwrap();
            depth += 1;
        }
        assert!((8..=13).contains(&depth), "{before}: {depth}");
    }
}

#[test]
fn a_value_of_the_request_named_like_an_input_is_refused() {
    let inputs = BTreeMap::from([(name("Asked"), ValueType::Int64)]);
    let view = OnDemandView {
        name: name("late"),
        inputs: Vec::new(),
        request: vec![(name("Asked"), ValueType::Float64)],
        features: Vec::new(),
        about: About::default(),
    };
    let error = Compiled::of(&view, &inputs).unwrap_err().to_string();
    assert_eq!(error, "on-demand view 'late': 'Asked' is both an input and a value of the request");
}
