//! What a condition may say, and where an error points.

use proptest::prelude::*;

use super::*;

fn holder(key: &str, offset: f64) -> Bound {
    Bound::Holder { holder: "champion".to_owned(), key: key.to_owned(), offset }
}

fn bound(condition: &str) -> Bound {
    parse_metric(condition, &["champion"]).unwrap_or_else(|error| panic!("{condition}: {error}")).bound
}

fn metric_error(condition: &str) -> String {
    parse_metric(condition, &["champion"]).unwrap_err().to_string()
}

#[test]
fn metrics_are_compared_with_numbers() {
    let read = parse_metric(" metrics.`val/auc` >= 8e-1 ", &[]).unwrap();
    let expected = MetricCondition { key: "val/auc".to_owned(), op: NumberOp::Ge, bound: Bound::Number(0.8) };
    assert_eq!(read, expected);
    for text in ["metric.auc<-1", "metrics.auc < -1", "`metrics`.\"auc\" < -1.0"] {
        let read = parse_metric(text, &["champion"]).unwrap();
        assert_eq!((read.key.as_str(), read.op, read.bound), ("auc", NumberOp::Lt, Bound::Number(-1.0)));
    }
}

#[test]
fn metrics_are_compared_with_those_of_the_holder() {
    for (text, expected) in [
        ("metrics.auc >= champion.metrics.auc", holder("auc", 0.0)),
        ("metrics.auc >= champion.metrics.auc - 0.005", holder("auc", -0.005)),
        ("metrics.auc >= champion.metrics.auc-0.005", holder("auc", -0.005)),
        ("metrics.auc >= champion.metrics.auc -0.005", holder("auc", -0.005)),
        ("metrics.auc >= champion.metrics.auc + 1", holder("auc", 1.0)),
        ("metrics.auc>=champion.metrics.auc+1e-3", holder("auc", 1e-3)),
        ("metrics.auc > `champion`.metrics.`old auc`", holder("old auc", 0.0)),
        ("metrics.auc > \"champion\".metric.\"old auc\" - .5", holder("old auc", -0.5)),
    ] {
        assert_eq!(bound(text), expected, "{text}");
    }
}

#[test]
fn a_holder_may_be_called_anything_an_alias_may_be() {
    for alias in ["eu-champion", "2024", "1st", "metrics", "v1_2", "in", "-", "a.b", "größte"] {
        let condition = format!("metrics.auc > {alias}.metrics.auc - 1");
        let read = parse_metric(&condition, &[alias]).unwrap();
        let expected = Bound::Holder { holder: alias.to_owned(), key: "auc".to_owned(), offset: -1.0 };
        assert_eq!(read.bound, expected);
    }
    let stage = parse_metric("metrics.auc > production.metrics.auc", &["Production", "production"]).unwrap();
    assert!(matches!(stage.bound, Bound::Holder { holder, .. } if holder == "Production"));
}

#[test]
fn an_error_names_the_column_and_what_stands_there() {
    for (condition, expected) in [
        ("metrics.auc", "one of the operators =, !=, <, <=, >, >= at column 12, found the end: metrics.auc"),
        (
            "metrics.auc => 1",
            "one of the operators =, !=, <, <=, >, >= at column 13, found '=>': metrics.auc => 1",
        ),
        ("", "a metric such as metrics.auc at column 1, found the end: "),
        ("auc > 1", "a metric such as metrics.auc at column 1, found 'auc': auc > 1"),
        ("metrics. > 1", "a metric such as metrics.auc at column 1, found 'metrics.': metrics. > 1"),
        ("metrics.é/x > 1", "a metric such as metrics.auc at column 1, found 'metrics.é/x': metrics.é/x > 1"),
        ("0.8 < metrics.auc", "a metric such as metrics.auc at column 1, found '0.8': 0.8 < metrics.auc"),
        (
            "metrics.é > 'x'",
            "a number or champion.metrics and a key at column 13, found ''x'': metrics.é > 'x'",
        ),
        (
            "metrics.a > best.metrics.a",
            "a number or champion.metrics and a key at column 13, found 'best.metrics.a': metrics.a > best.metrics.a",
        ),
        (
            "metrics.a > 1 AND metrics.b > 1",
            "the end at column 15, found 'AND': metrics.a > 1 AND metrics.b > 1",
        ),
        (
            "metrics.a > champion.a",
            "metrics and a key such as metrics.auc at column 22, found 'a': metrics.a > champion.a",
        ),
        (
            "metrics.a > champion.metrics.a * 2",
            "+, - or the end at column 32, found '*': metrics.a > champion.metrics.a * 2",
        ),
        (
            "metrics.a > champion.metrics.a - x",
            "the number to add or subtract at column 34, found 'x': metrics.a > champion.metrics.a - x",
        ),
        (
            "metrics.a > champion.metrics.a - -1",
            "the number to add or subtract at column 34, found '-1': metrics.a > champion.metrics.a - -1",
        ),
        (
            "metrics.a > champion.metrics.a - 1 - 1",
            "the end at column 36, found '-': metrics.a > champion.metrics.a - 1 - 1",
        ),
    ] {
        assert_eq!(metric_error(condition), format!("Invalid condition. Expected {expected}"));
    }
}

#[test]
fn numbers_beyond_all_bounds_long_texts_and_nul_are_refused() {
    assert!(metric_error("metrics.a > 1e999").contains("found '1e999'"));
    assert!(metric_error("metrics.a > nan").contains("found 'nan'"));
    assert!(metric_error(&format!("metrics.a > {}", "1".repeat(4_000))).ends_with("longer than 4000 bytes"));
    assert!(metric_error("metrics.\0 > 1").ends_with("It contains a NUL character"));
}

#[test]
fn tags_are_compared_with_quoted_texts() {
    for (text, key, op) in [
        ("tags.validated = 'yes'", "validated", TextOp::Eq("yes".to_owned())),
        ("tag.validated != \"yes\"", "validated", TextOp::Ne("yes".to_owned())),
        ("tags.`a b` like 'y%'", "a b", TextOp::Like("y%".to_owned())),
        ("tags.\"a.b\" ILIKE 'y_s'", "a.b", TextOp::ILike("y_s".to_owned())),
        ("tags.mlflow.user = 'it''s'", "mlflow.user", TextOp::Eq("it''s".to_owned())),
    ] {
        assert_eq!(parse_tag(text), Ok(TagCondition { key: key.to_owned(), op }), "{text}");
    }
}

#[test]
fn other_tests_of_tags_are_refused_with_the_column() {
    for (condition, expected) in [
        ("tags.a", "one of the operators =, !=, LIKE, ILIKE at column 7, found the end: tags.a"),
        (
            "tags.a IN ('b')",
            "one of the operators =, !=, LIKE, ILIKE at column 8, found 'IN': tags.a IN ('b')",
        ),
        ("tags.a IS NULL", "one of the operators =, !=, LIKE, ILIKE at column 8, found 'IS': tags.a IS NULL"),
        (
            "tags.a NOT LIKE 'b'",
            "one of the operators =, !=, LIKE, ILIKE at column 8, found 'NOT LIKE': tags.a NOT LIKE 'b'",
        ),
        ("tags.a = b", "a quoted text such as 'yes' at column 10, found 'b': tags.a = b"),
        ("tags.a = 1", "a quoted text such as 'yes' at column 10, found '1': tags.a = 1"),
        ("tags.a = 'b", "a quoted text such as 'yes' at column 10, found ''b': tags.a = 'b"),
        ("tags.a = 'b' 'c'", "the end at column 14, found ''c'': tags.a = 'b' 'c'"),
        ("metrics.a = 1", "a tag such as tags.validated at column 1, found 'metrics.a': metrics.a = 1"),
    ] {
        let error = parse_tag(condition).unwrap_err().to_string();
        assert_eq!(error, format!("Invalid condition. Expected {expected}"));
    }
}

/// Pieces that are likely to stand in a condition, so that random texts get past the first token.
const PIECES: &str =
    "(metrics\\.|tags\\.|champion\\.|a|\\.|`|'|\"|\\\\|\\(|\\)|/|-|\\+|=|!=|>|LIKE|1|1e5| |é|\\PC){0,20}";

fn number() -> impl Strategy<Value = f64> {
    prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in prop_oneof![any::<String>(), PIECES.prop_map(|s| s)]) {
        let _ = parse_metric(&text, &["champion"]);
        let _ = parse_tag(&text);
    }

    #[test]
    fn printed_metric_conditions_are_read_back_as_themselves(
        (key, other) in ("[^`\0]{1,20}", "[^`\0]{1,20}"),
        op in prop::sample::select(vec![NumberOp::Eq, NumberOp::Ne, NumberOp::Lt, NumberOp::Le, NumberOp::Gt, NumberOp::Ge]),
        number in number(),
        offset in number(),
    ) {
        let sign = if offset.is_sign_negative() { "-" } else { "+" };
        let left = format!("metrics.`{key}` {}", op.as_str());
        let constant = parse_metric(&format!("{left} {number:?}"), &["champion"]);
        prop_assert_eq!(constant, Ok(MetricCondition { key: key.clone(), op, bound: Bound::Number(number) }));
        let text = format!("{left} champion.metrics.`{other}` {sign} {:?}", offset.abs());
        let expected = MetricCondition { key, op, bound: holder(&other, offset) };
        prop_assert_eq!(parse_metric(&text, &["champion"]), Ok(expected));
    }

    #[test]
    fn printed_tag_conditions_are_read_back_as_themselves(key in "[^`\0]{1,20}", text in "[^'\\\\\0\r\n]{0,20}") {
        let read = parse_tag(&format!("tags.`{key}` != '{text}'"));
        prop_assert_eq!(read, Ok(TagCondition { key, op: TextOp::Ne(text) }));
    }
}
