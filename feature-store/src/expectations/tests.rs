//! What is found in rows, whoever saw them and however many there were.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::TimestampMicrosecondType;
use proptest::prelude::*;

use super::error::Error;
use super::finding::{Finding, grouped};
use super::unique::Spill;
use super::watch::Watch;
use crate::model::about::About;
use crate::model::expectation::{Expectation, Otherwise, Rule};
use crate::model::feature_view::{FeatureView, Holds, KnownAt};
use crate::model::name::Name;

const DAY: i64 = 86_400_000_000;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn view(rules: Vec<Rule>) -> FeatureView {
    let expectations = rules.into_iter().map(|rule| Expectation { rule, otherwise: Otherwise::Warn });
    FeatureView {
        name: name("weather"),
        source: "weather.parquet".to_owned(),
        entities: vec![name("airport")],
        key_columns: Vec::new(),
        holds: Holds::Since { event_time: "time".to_owned(), ttl: None },
        created_time: None,
        known_at: KnownAt::EventTime,
        features: Vec::new(),
        expectations: expectations.collect(),
        about: About::default(),
    }
}

fn range(feature: &str, min: Option<&str>, max: Option<&str>) -> Rule {
    Rule::Range { feature: name(feature), min: min.map(str::to_owned), max: max.map(str::to_owned) }
}

fn spill(folder: &Path) -> Spill {
    Spill { folder: folder.to_owned(), budget_bytes: 1 << 20 }
}

/// Rows with the key `origin` and the event time `time`, and maybe a feature.
fn batch(keys: &[(Option<&str>, Option<i64>)], features: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let origins: ArrayRef = Arc::new(keys.iter().map(|(origin, _)| *origin).collect::<StringArray>());
    let times = keys.iter().map(|(_, time)| *time).collect::<TimestampMicrosecondArray>();
    let times: ArrayRef = Arc::new(times.with_timezone("UTC"));
    let columns = [("origin", origins), ("time", times)].into_iter().chain(features);
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

fn observe(watch: &mut Watch, rows: &RecordBatch) -> Result<(), Error> {
    let event = rows["time"].as_primitive::<TimestampMicrosecondType>();
    let features: Vec<usize> = (2..rows.num_columns()).collect();
    watch.observe(&rows.project(&[0]).unwrap(), event, &rows.project(&features).unwrap())
}

/// The texts of what is found in `batches`, each seen by a watch of its own.
fn found(rules: Vec<Rule>, batches: &[RecordBatch], newest_spine_us: Option<i64>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let view = view(rules);
    let mut all = Watch::of(&view, &spill(folder.path()));
    for batch in batches {
        let mut watch = Watch::of(&view, &spill(folder.path()));
        observe(&mut watch, batch).unwrap();
        all.merge(watch).unwrap();
    }
    let findings = all.finish(newest_spine_us).unwrap();
    findings.into_iter().map(|finding| finding.text).collect()
}

fn three(feature: ArrayRef) -> RecordBatch {
    batch(
        &[(Some("JFK"), Some(0)), (Some("JFK"), Some(DAY)), (Some("LGA"), Some(0))],
        vec![("temp", feature)],
    )
}

#[test]
fn nulls_are_counted() {
    let batches = [
        three(Arc::new(Int64Array::from(vec![Some(1), None, None]))),
        three(Arc::new(Int64Array::from(vec![None, Some(1), Some(1)]))),
    ];
    let texts = found(vec![Rule::NotNull(name("temp"))], &batches, None);
    assert_eq!(texts, ["feature 'temp' is null in 3 of 6 rows"]);
}

#[test]
fn what_holds_is_not_mentioned() {
    let rules = vec![
        Rule::NotNull(name("temp")),
        range("temp", Some("-1"), Some("1e1")),
        Rule::UniqueKey,
        Rule::Freshness("1d".parse().unwrap()),
    ];
    let batch = three(Arc::new(Int64Array::from(vec![-1, 0, 10])));
    assert_eq!(found(rules, &[batch], Some(2 * DAY)), [""; 0]);
}

#[test]
fn a_finding_says_what_is_to_happen() {
    let folder = tempfile::tempdir().unwrap();
    let mut view = view(vec![Rule::NotNull(name("temp"))]);
    view.expectations[0].otherwise = Otherwise::Fail;
    let mut watch = Watch::of(&view, &spill(folder.path()));
    observe(&mut watch, &three(Arc::new(Int64Array::from(vec![None, Some(1), Some(1)])))).unwrap();
    let text = "feature 'temp' is null in 1 of 3 rows".to_owned();
    assert_eq!(watch.finish(None).unwrap(), [Finding { text, otherwise: Otherwise::Fail }]);
}

#[test]
fn a_range_tells_the_least_and_the_greatest_value() {
    let integers = three(Arc::new(Int64Array::from(vec![Some(-3), None, Some(77)])));
    let cases = [
        (Some("0"), Some("50"), "not within 0 and 50 in 2 of 3 rows"),
        (Some("-2.5"), None, "not -2.5 or more in 1 of 3 rows"),
        (None, Some("76.9"), "not 76.9 or less in 1 of 3 rows"),
    ];
    for (min, max, what) in cases {
        let texts = found(vec![range("temp", min, max)], std::slice::from_ref(&integers), None);
        assert_eq!(texts, [format!("feature 'temp' is {what}; its least value is -3, its greatest 77")]);
    }
    assert_eq!(found(vec![range("temp", Some("-3"), Some("77"))], &[integers], None), [""; 0]);
}

#[test]
fn bounds_of_large_integers_are_exact() {
    let largest = three(Arc::new(Int64Array::from(vec![i64::MAX - 1, i64::MIN, 0])));
    let is_outside = |max: &str| {
        !found(vec![range("temp", Some("-1e300"), Some(max))], std::slice::from_ref(&largest), None)
            .is_empty()
    };
    assert!(!is_outside("9223372036854775806"));
    assert!(is_outside("9223372036854775805"));
    assert!(!is_outside("1e30"));
}

#[test]
fn a_bound_of_singles_is_the_nearest_single() {
    let singles = three(Arc::new(Float32Array::from(vec![0.1, 0.2, 0.3])));
    assert_eq!(found(vec![range("temp", Some("0.1"), Some("0.3"))], &[singles], None), [""; 0]);
}

#[test]
fn nan_is_within_no_bounds() {
    let floats = three(Arc::new(Float64Array::from(vec![f64::NAN, 0.5, 1.5])));
    let texts = found(vec![range("temp", Some("0"), None)], &[floats], None);
    let expected = "feature 'temp' is not 0 or more in 1 of 3 rows, being NaN in 1; its least value is 0.5, its greatest 1.5";
    assert_eq!(texts, [expected]);
}

#[test]
fn a_key_and_time_that_comes_twice_is_shown() {
    let batch = batch(
        &[
            (Some("JFK"), Some(0)),
            (None, Some(0)),
            (None, Some(0)),
            (Some("JFK"), Some(DAY)),
            (Some("JFK"), None),
        ],
        Vec::new(),
    );
    assert_eq!(found(vec![Rule::UniqueKey], std::slice::from_ref(&batch), None), [""; 0]);
    let texts = found(vec![Rule::UniqueKey], &[batch.clone(), batch.slice(3, 1)], None);
    let expected = "2 of 6 rows have the keys and the event time of another; one is origin = JFK, time = 1970-01-02T00:00:00Z";
    assert_eq!(texts, [expected]);
}

#[test]
fn freshness_is_measured_from_the_newest_row_of_the_spine() {
    let rules = || vec![Rule::Freshness("1d".parse().unwrap())];
    let batch = three(Arc::new(Int64Array::from(vec![1, 2, 3])));
    assert_eq!(found(rules(), std::slice::from_ref(&batch), Some(2 * DAY)), [""; 0]);
    assert_eq!(found(rules(), std::slice::from_ref(&batch), None), [""; 0]);
    let expected = "the newest event is of 1970-01-02T00:00:00Z, more than 1d before: \
                    the newest row of the spine is of 1970-01-03T00:00:00.000001Z";
    assert_eq!(found(rules(), &[batch], Some(2 * DAY + 1)), [expected]);
    let expected = "there is no event, and the newest row of the spine is of 1970-01-01T00:00:00Z";
    assert_eq!(found(rules(), &[], Some(0)), [expected]);
}

#[test]
fn a_feature_that_rows_do_not_have_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut watch = Watch::of(&view(vec![Rule::NotNull(name("wind"))]), &spill(folder.path()));
    let error = observe(&mut watch, &three(Arc::new(Int64Array::from(vec![1, 2, 3])))).unwrap_err();
    assert_eq!(error.to_string(), "an expectation is about 'wind', which the rows do not have");
}

#[test]
fn a_key_or_a_feature_named_as_the_time_is_not_taken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let rules = vec![Rule::UniqueKey, Rule::Freshness("1d".parse().unwrap())];
    let mut watch = Watch::of(&view(rules), &spill(folder.path()));
    let named_time = |column: ArrayRef| RecordBatch::try_from_iter([("time", column)]).unwrap();
    let keys = named_time(Arc::new(StringArray::from(vec!["JFK", "JFK", "JFK"])));
    let features = named_time(Arc::new(Int64Array::from(vec![7, 7, 8])));
    let event = TimestampMicrosecondArray::from(vec![0, DAY, DAY]).with_timezone("UTC");
    watch.observe(&keys, &event, &features).unwrap();
    let texts: Vec<_> = watch.finish(Some(2 * DAY)).unwrap().into_iter().map(|it| it.text).collect();
    let expected = "2 of 3 rows have the keys and the event time of another; one is time = JFK, time = 1970-01-02T00:00:00Z";
    assert_eq!(texts, [expected]);
}

#[test]
fn counts_are_grouped_by_thousands() {
    assert_eq!([0, 999, 1000, 26_115, 1_000_000].map(grouped), ["0", "999", "1,000", "26,115", "1,000,000"]);
}

/// The rows that share their key, found by a map of all.
fn repeats(keys: &[(u8, i64)]) -> u64 {
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts.values().filter(|count| **count > 1).sum()
}

proptest! {
    // With no budget each batch makes files.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn repeated_keys_are_counted_with_any_budget_and_any_number_of_threads(
        keys in proptest::collection::vec((0..4_u8, 0..60_i64), 0..300),
        n_threads in 1..4_usize,
        budget_bytes in prop_oneof![Just(0), Just(1_000), Just(usize::MAX)],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let spill = Spill { folder: folder.path().to_owned(), budget_bytes };
        let view = view(vec![Rule::UniqueKey]);
        let mut watches: Vec<_> = (0..n_threads).map(|_| Watch::of(&view, &spill)).collect();
        for (n, part) in keys.chunks(40).enumerate() {
            let names = ["JFK", "LGA", "EWR", "BOS"];
            let part: Vec<_> =
                part.iter().map(|(key, time)| (Some(names[usize::from(*key)]), Some(*time))).collect();
            observe(&mut watches[n % n_threads], &batch(&part, Vec::new())).unwrap();
        }
        let mut all = watches.remove(0);
        for watch in watches {
            all.merge(watch).unwrap();
        }
        let findings = all.finish(None).unwrap();
        let (n_repeats, n_rows) = (repeats(&keys), keys.len());
        prop_assert_eq!(findings.is_empty(), n_repeats == 0);
        let expected = format!("{n_repeats} of {n_rows} rows have the keys and the event time of another; one is ");
        prop_assert!(findings.iter().all(|finding| finding.text.starts_with(&expected)));
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
