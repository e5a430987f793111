//! What a hostile author or table can do: no expression takes memory or time without end, and what can never be computed
//! is refused before there are rows.

use std::cell::Cell;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, new_null_array};

use super::compiled::{Limits, Stopped};
use super::room::ROOM;
use super::tests::{compile, rows};

/// The columns of [`rows`], where `s` has these texts.
fn texts(texts: Vec<String>) -> RecordBatch {
    let schema = rows().schema();
    let n_rows = texts.len();
    let given: ArrayRef = Arc::new(StringArray::from(texts));
    let column =
        |name: &str, kind| if name == "s" { Arc::clone(&given) } else { new_null_array(kind, n_rows) };
    let columns = schema.fields().iter().map(|field| column(field.name(), field.data_type())).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

/// A function of a function, and so on.
fn nested(times: usize, around: impl Fn(&str) -> String) -> String {
    (0..times).fold("s".to_owned(), |inner, _| around(&inner))
}

#[test]
fn texts_that_multiply_are_refused_by_their_row() {
    let expressions = [
        nested(8, |inner| format!("replace({inner}, 'k', '{}')", "k".repeat(100))),
        nested(8, |inner| format!("regexp_replace({inner}, '(.*)', '{}', 'g')", "\\1".repeat(100))),
        nested(4, |inner| {
            let longer = format!("replace({inner}, 'k', '{}')", "k".repeat(30));
            format!("CASE WHEN flag THEN s ELSE {longer} || {longer} END")
        }),
        format!("concat({})", vec!["s"; 1_000].join(", ")),
        format!("concat_ws(s, {})", vec!["s"; 1_000].join(", ")),
        vec!["s"; 48].join(" || "),
    ];
    let batch = texts(vec![String::new(), "k".repeat(20_000), String::new()]);
    for expression in &expressions {
        let failed = compile(&[(expression, "string")]).unwrap().values(&batch).err();
        let short: String = expression.chars().take(60).collect();
        let failed = failed.unwrap_or_else(|| panic!("{short}"));
        assert_eq!(
            (failed.row, failed.why.as_str()),
            (Some(1), "its texts need more than 16 MiB"),
            "{short}"
        );
    }
}

#[test]
fn rows_whose_texts_have_no_room_together_have_it_one_by_one() {
    let batch = texts(vec!["k".repeat(1 << 20); 40]);
    let compiled = compile(&[("length(upper(s) || 'k')", "int64")]).unwrap();
    let values = compiled.values(&batch).unwrap();
    assert!(
        values[0].as_primitive::<arrow::datatypes::Int64Type>().values().iter().all(|n| *n == (1 << 20) + 1)
    );
}

#[test]
fn features_that_have_no_room_for_all_rows_are_asked_for_fewer() {
    let upper = compile(&[("upper(s)", "string"), ("lower(s)", "string")]).unwrap();
    let batch = texts(vec!["k".repeat(1 << 20); 10]);
    let limits = || Limits::new(&|| false);
    assert!(matches!(upper.evaluate(&batch, &limits()), Err(Stopped::TooMuch)));
    assert_eq!(upper.evaluate(&batch.slice(0, 7), &limits()).unwrap()[1].len(), 7);
    let failed = upper.values(&texts(vec!["k".repeat(ROOM * 2 / 3)])).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "on-demand view 'late', feature 'f1', row 1: all computed features of a row need more than 16 MiB"
    );
}

#[test]
fn texts_that_are_compared_letter_by_letter_are_not_too_long() {
    let compiled = compile(&[("levenshtein(s, s)", "int64")]).unwrap();
    assert!(compiled.values(&texts(vec!["k".repeat(1_000)])).is_ok());
    let failed = compiled.values(&texts(vec![String::new(), "k".repeat(1 << 20)])).unwrap_err();
    assert_eq!(failed.row, Some(1));
    assert!(failed.why.contains("too long to be compared by 'levenshtein'"), "{failed}");
}

#[test]
fn an_end_is_looked_for_between_some_rows_and_others() {
    let compiled = compile(&[("upper(s)", "string")]).unwrap();
    let n_asked = Cell::new(0);
    let is_ended = || {
        n_asked.set(n_asked.get() + 1);
        n_asked.get() > 2
    };
    let stopped = compiled.evaluate(&texts(vec![String::new(); 100_000]), &Limits::new(&is_ended));
    assert!(matches!(stopped, Err(Stopped::Ended)));
    assert_eq!(n_asked.get(), 3);
}

#[test]
fn many_operations_in_a_row_are_read_at_once() {
    let joined = vec!["s"; 50].join(" || ");
    let values = compile(&[(&joined, "string")]).unwrap().values(&texts(vec!["k".to_owned()])).unwrap();
    assert_eq!(values[0].as_string::<i32>().value(0).len(), 50);
}

/// What no row can have a value of, and what is said of it.
const NEVER: [(&str, &str, &str); 22] = [
    ("regexp_like(s, '(')", "bool", "column 1: regex parse error: ( ^ error: unclosed group"),
    ("s ~ '['", "bool", "column 1: regex parse error"),
    ("regexp_replace(s, 'k', 'x', 'q')", "string", "unrecognized flag"),
    ("regexp_like(s, '((a{100}){100}){100}')", "bool", "'((a{100}){100}){100}' is too large"),
    ("regexp_like(s, s)", "bool", "column 1: a regular expression must be a constant"),
    ("regexp_like('k', 'k', s)", "bool", "the flags of a regular expression must be a constant"),
    ("a + date_part('fortnight', t)", "int64", "column 5: Date part 'fortnight' not supported"),
    ("date_trunc('fortnight', t)", "timestamp", "'fortnight'"),
    ("extract(fortnight FROM t)", "int32", "Date part 'fortnight' not supported"),
    ("to_char(t, '%Q')", "string", "column 1: "),
    ("to_timestamp(s, '%Q')", "timestamp", "column 1: '%Q' is no format of times"),
    ("to_date('x')", "date", "column 1: "),
    ("t > TIMESTAMP '2013-13-01'", "bool", "column 15: "),
    ("t AT TIME ZONE 'Nowhere'", "timestamp", "there is no time zone 'Nowhere'"),
    ("a / 0", "int64", "column 1: a division by 0, which is null in every row"),
    ("b + a % (1 - 1)", "int64", "column 5: a division by 0"),
    ("9223372036854775807 + 1 + a", "int64", "column 1: Arithmetic overflow"),
    ("split_part(s, ',', 0)", "string", "field position must not be zero"),
    ("substr(s, 1, -1)", "string", "negative count not allowed: -1"),
    ("factorial(-1)", "int64", "factorial of a negative number is undefined"),
    ("chr(55296)", "string", "invalid Unicode scalar value: 55296"),
    ("CASE WHEN flag THEN CAST('x' AS BIGINT) ELSE a END", "int64", "Cannot cast string 'x'"),
];

#[test]
fn what_no_row_has_a_value_of_is_refused() {
    let mut wrong = Vec::new();
    for (expression, kind, expected) in NEVER {
        let found = compile(&[(expression, kind)]).err().unwrap_or_default();
        if !(found.contains("line 1, column") && found.contains(expected)) {
            wrong.push(format!("{expression}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let long = "replace(replace('kkkkkkkkkk', 'k', 'kkkkkkkkkkkkkkkkkkkk'), 'k', replace('kkkkkkkkkk', 'k', 'kkkkkkkkkk'))";
    let found = compile(&[(long, "string")]).unwrap_err();
    assert!(found.contains("a constant of 20000 bytes; there may be 10000"), "{found}");
}
