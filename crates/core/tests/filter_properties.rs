//! Properties of the search grammar: no text makes it panic, and a printed comparison is read back as itself.

use forebay_core::filter::runs::{
    self, DatasetField, RunComparison, RunNumberAttribute, RunOrderKey, RunTextAttribute,
};
use forebay_core::filter::{Direction, EntryTest, Number, NumberOp, OrderBy, TextOp};
use forebay_core::filter::{experiments, logged_models, model_versions, registered_models};
use proptest::prelude::*;

/// Pieces that are likely to stand in a filter, so that random texts get past the first token.
const PIECES: &str = "(metrics\\.|params\\.|tags\\.|name|run_id|a|\\.|`|'|\"|\\\\|\\(|\\)|,|/|-|=|!=|>|LIKE|IN|NOT|IS|NULL|AND|OR|1|1e5| |é|\\PC){0,24}";

fn number_op() -> impl Strategy<Value = NumberOp> {
    use NumberOp::{Eq, Ge, Gt, Le, Lt, Ne};
    prop::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge])
}

fn key() -> impl Strategy<Value = String> {
    "[^`\0]{1,20}"
}

fn content() -> impl Strategy<Value = String> {
    "[^'\\\\\0\r\n]{0,20}"
}

fn single() -> impl Strategy<Value = TextOp> {
    prop_oneof![
        content().prop_map(TextOp::Eq),
        content().prop_map(TextOp::Ne),
        content().prop_map(TextOp::Like),
        content().prop_map(TextOp::ILike),
    ]
}

fn any_text_op() -> impl Strategy<Value = TextOp> {
    let list = || prop::collection::vec(content(), 1..5);
    prop_oneof![single(), list().prop_map(TextOp::In), list().prop_map(TextOp::NotIn)]
}

fn entry_test() -> impl Strategy<Value = EntryTest> {
    prop_oneof![single().prop_map(EntryTest::Value), Just(EntryTest::Missing), Just(EntryTest::Present)]
}

fn comparison() -> impl Strategy<Value = RunComparison> {
    let finite = || prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let time = prop::sample::select(vec![RunNumberAttribute::StartTime, RunNumberAttribute::EndTime]);
    let number = prop_oneof![any::<i64>().prop_map(Number::Integer), finite().prop_map(Number::Float)];
    let field = prop::sample::select(vec![DatasetField::Name, DatasetField::Digest, DatasetField::Context]);
    prop_oneof![
        (key(), number_op(), finite()).prop_map(|(key, op, value)| RunComparison::Metric { key, op, value }),
        (key(), entry_test()).prop_map(|(key, test)| RunComparison::Param { key, test }),
        (key(), entry_test()).prop_map(|(key, test)| RunComparison::Tag { key, test }),
        (time, number_op(), number).prop_map(|(attribute, op, value)| RunComparison::NumberAttribute {
            attribute,
            op,
            value
        }),
        single().prop_map(|op| RunComparison::TextAttribute { attribute: RunTextAttribute::UserId, op }),
        any_text_op().prop_map(|op| RunComparison::TextAttribute { attribute: RunTextAttribute::RunId, op }),
        (field, any_text_op()).prop_map(|(field, op)| RunComparison::Dataset { field, op }),
    ]
}

fn print(comparison: &RunComparison) -> String {
    match comparison {
        RunComparison::Metric { key, op, value } => format!("metrics.`{key}` {} {value:?}", op.as_str()),
        RunComparison::Param { key, test } => print_entry(&format!("params.`{key}`"), test),
        RunComparison::Tag { key, test } => print_entry(&format!("tags.`{key}`"), test),
        RunComparison::NumberAttribute { attribute, op, value } => {
            let name = match attribute {
                RunNumberAttribute::StartTime => "start_time",
                RunNumberAttribute::EndTime => "attributes.end_time",
            };
            match value {
                Number::Integer(value) => format!("{name} {} {value}", op.as_str()),
                Number::Float(value) => format!("{name} {} {value:?}", op.as_str()),
            }
        }
        RunComparison::TextAttribute { attribute: RunTextAttribute::RunId, op } => print_text("run_id", op),
        RunComparison::TextAttribute { op, .. } => print_text("attr.user_id", op),
        RunComparison::Dataset { field: DatasetField::Name, op } => print_text("dataset.name", op),
        RunComparison::Dataset { field: DatasetField::Digest, op } => print_text("dataset.digest", op),
        RunComparison::Dataset { field: DatasetField::Context, op } => print_text("datasets.context", op),
    }
}

fn print_entry(name: &str, test: &EntryTest) -> String {
    match test {
        EntryTest::Value(op) => print_text(name, op),
        EntryTest::Missing => format!("{name} IS NULL"),
        EntryTest::Present => format!("{name} IS NOT NULL"),
    }
}

fn print_text(name: &str, op: &TextOp) -> String {
    let list = |texts: &[String]| texts.iter().map(|text| format!("'{text}'")).collect::<Vec<_>>().join(", ");
    match op {
        TextOp::Eq(text) => format!("{name} = '{text}'"),
        TextOp::Ne(text) => format!("{name} != '{text}'"),
        TextOp::Like(text) => format!("{name} LIKE '{text}'"),
        TextOp::ILike(text) => format!("{name} ILIKE '{text}'"),
        TextOp::In(texts) => format!("{name} IN ({})", list(texts)),
        TextOp::NotIn(texts) => format!("{name} NOT IN ({})", list(texts)),
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in prop_oneof![any::<String>(), PIECES.prop_map(|s| s)]) {
        let _ = runs::parse_filter(&text);
        let _ = experiments::parse_filter(&text);
        let _ = logged_models::parse_filter(&text);
        let _ = registered_models::parse_filter(&text);
        let _ = model_versions::parse_filter(&text);
        let _ = registered_models::parse_order_by(std::slice::from_ref(&text));
        let _ = model_versions::parse_order_by(std::slice::from_ref(&text));
        let _ = runs::parse_order_by(std::slice::from_ref(&text));
        let _ = experiments::parse_order_by(&[text]);
    }

    #[test]
    fn printed_comparisons_are_read_back_as_themselves(comparisons in prop::collection::vec(comparison(), 0..6)) {
        let filter = comparisons.iter().map(print).collect::<Vec<_>>().join(" AND ");
        prop_assert_eq!(runs::parse_filter(&filter), Ok(comparisons));
    }

    #[test]
    fn a_printed_order_is_read_back_as_itself(key in key(), descending in any::<bool>()) {
        let (word, direction) =
            if descending { ("DESC", Direction::Descending) } else { ("ASC", Direction::Ascending) };
        let order_by = [format!("metrics.`{key}` {word}")];
        let expected = OrderBy { key: RunOrderKey::Metric(key), direction };
        prop_assert_eq!(runs::parse_order_by(&order_by), Ok(vec![expected]));
    }
}
