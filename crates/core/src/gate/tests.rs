//! What passes, what fails, and what is said about it.

use proptest::prelude::*;

use super::*;
use crate::filter::conditions::{parse_metric, parse_tag};

fn metrics(values: &[(&str, Option<&str>, f64)]) -> Metrics {
    let mut metrics = Metrics::default();
    for (key, dataset, value) in values {
        let dataset = dataset.map(|text| {
            let (name, digest) = text.split_once('@').unwrap();
            Dataset { name: name.to_owned(), digest: digest.to_owned() }
        });
        metrics.insert(key, dataset, *value);
    }
    metrics
}

fn auc(value: f64) -> Metrics {
    metrics(&[("auc", None, value)])
}

fn check(condition: &str, candidate: &Metrics, holder: Option<&Metrics>) -> Outcome {
    parse_metric(condition, &["champion"]).unwrap().evaluate(None, candidate, holder)
}

#[test]
fn a_metric_is_compared_with_a_number() {
    for (condition, value, passed) in [
        ("metrics.auc > 0.8", 0.81, true),
        ("metrics.auc > 0.8", 0.8, false),
        ("metrics.auc >= 0.8", 0.8, true),
        ("metrics.auc < 0.8", 0.8, false),
        ("metrics.auc <= 0.8", 0.800_000_000_000_000_1, false),
        ("metrics.auc = 0.8", 0.8, true),
        ("metrics.auc != 0.8", 0.8, false),
        ("metrics.auc = 0", -0.0, true),
        ("metrics.auc > 0.8", f64::INFINITY, true),
    ] {
        assert_eq!(check(condition, &auc(value), None).passed, passed, "{condition} {value}");
    }
    let outcome = check("metrics.auc > 0.8", &auc(0.79), None);
    assert_eq!(outcome.found, "metrics.auc = 0.79");
    assert_eq!(outcome.reason, "0.79 is not > 0.8");
}

#[test]
fn a_metric_that_is_missing_or_nan_fails_whatever_is_asked() {
    for op in ["=", "!=", "<", "<=", ">", ">="] {
        for bound in ["0.8", "champion.metrics.auc"] {
            let condition = format!("metrics.auc {op} {bound}");
            let missing = check(&condition, &Metrics::default(), None);
            assert_eq!((missing.passed, missing.reason.as_str()), (false, "metrics.auc was not logged"));
            let nan = check(&condition, &auc(f64::NAN), Some(&auc(f64::NAN)));
            assert_eq!((nan.passed, nan.reason.as_str()), (false, "metrics.auc is NaN"));
        }
    }
}

#[test]
fn a_metric_is_compared_with_that_of_the_holder() {
    let condition = "metrics.auc >= champion.metrics.auc - 0.005";
    let worse = check(condition, &auc(0.904), Some(&auc(0.91)));
    assert!(!worse.passed);
    assert_eq!(worse.found, "metrics.auc = 0.904, champion.metrics.auc = 0.91");
    assert_eq!(worse.reason, "0.904 is not >= 0.91 - 0.005 = 0.905");
    assert!(check(condition, &auc(0.905), Some(&auc(0.91))).passed);
    let other_key = check("metrics.auc > champion.metrics.old + 1", &auc(2.0), Some(&auc(0.5)));
    assert_eq!(other_key.reason, "champion.metrics.old was not logged");
}

#[test]
fn a_bound_is_worked_out_in_decimal() {
    assert!(check("metrics.auc >= champion.metrics.auc - 0.1", &auc(0.7), Some(&auc(0.8))).passed);
    assert!(check("metrics.auc = champion.metrics.auc + 0.2", &auc(0.3), Some(&auc(0.1))).passed);
}

#[test]
fn with_no_holder_yet_the_relative_gate_passes_and_says_so() {
    let outcome = check("metrics.auc >= champion.metrics.auc", &auc(0.1), None);
    assert!(outcome.passed);
    assert_eq!(outcome.found, "metrics.auc = 0.1");
    assert_eq!(outcome.reason, "nothing holds champion yet, so there is nothing to compare with");
}

#[test]
fn a_holder_without_the_metric_or_with_nan_fails_the_candidate() {
    let missing = check("metrics.auc >= champion.metrics.auc", &auc(0.9), Some(&Metrics::default()));
    assert_eq!((missing.passed, missing.reason.as_str()), (false, "champion.metrics.auc was not logged"));
    let nan = check("metrics.auc != champion.metrics.auc", &auc(0.9), Some(&auc(f64::NAN)));
    assert_eq!((nan.passed, nan.reason.as_str()), (false, "champion.metrics.auc is NaN"));
}

#[test]
fn a_metric_of_several_datasets_must_name_one() {
    let both = metrics(&[("auc", Some("holdout@1"), 0.9), ("auc", Some("train@2"), 0.5)]);
    let condition = parse_metric("metrics.auc > 0.8", &[]).unwrap();
    let outcome = condition.evaluate(None, &both, None);
    assert!(!outcome.passed);
    let reason = "metrics.auc was logged for several datasets, and the policy must name one: \
                  'holdout@1', 'train@2'";
    assert_eq!(outcome.reason, reason);
    assert!(condition.evaluate(Some("holdout"), &both, None).passed);
    assert!(condition.evaluate(Some("holdout@1"), &both, None).passed);
    assert!(!condition.evaluate(Some("train"), &both, None).passed);
    let other = condition.evaluate(Some("holdout@2"), &both, None);
    assert_eq!(
        other.reason,
        "metrics.auc was not logged for dataset 'holdout@2', only for 'holdout@1', 'train@2'"
    );
}

#[test]
fn one_dataset_alone_need_not_be_named_but_two_of_one_name_need_the_digest() {
    let condition = parse_metric("metrics.auc > 0.8", &[]).unwrap();
    assert!(condition.evaluate(None, &metrics(&[("auc", Some("holdout@1"), 0.9)]), None).passed);
    let twice = metrics(&[("auc", Some("holdout@1"), 0.9), ("auc", Some("holdout@2"), 0.9)]);
    assert!(!condition.evaluate(Some("holdout"), &twice, None).passed);
    assert!(condition.evaluate(Some("holdout@2"), &twice, None).passed);
}

#[test]
fn the_dataset_counts_for_the_holder_too() {
    let condition = parse_metric("metrics.auc >= champion.metrics.auc", &["champion"]).unwrap();
    let candidate = metrics(&[("auc", Some("holdout@2"), 0.9)]);
    let holder = metrics(&[("auc", Some("holdout@1"), 0.8), ("auc", Some("train@1"), 0.95)]);
    assert!(condition.evaluate(Some("holdout"), &candidate, Some(&holder)).passed);
    let unnamed = condition.evaluate(None, &candidate, Some(&holder));
    assert!(unnamed.reason.starts_with("champion.metrics.auc was logged for several datasets"));
    let absent = condition.evaluate(Some("holdout"), &candidate, Some(&auc(0.1)));
    assert_eq!(
        absent.reason,
        "champion.metrics.auc was not logged for dataset 'holdout', only for no dataset"
    );
}

#[test]
fn tags_are_tested_as_a_search_tests_them() {
    for (condition, value, passed) in [
        ("tags.validated = 'yes'", Some("yes"), true),
        ("tags.validated = 'yes'", Some("Yes"), false),
        ("tags.validated != 'no'", Some("yes"), true),
        ("tags.validated != 'no'", None, false),
        ("tags.validated LIKE 'y%'", Some("yes"), true),
        ("tags.validated like 'Y%'", Some("yes"), false),
        ("tags.validated ILIKE 'Y%'", Some("yes"), true),
        ("tags.validated = ''", None, false),
    ] {
        assert_eq!(parse_tag(condition).unwrap().evaluate(value).passed, passed, "{condition} {value:?}");
    }
    let outcome = parse_tag("tags.validated = 'yes'").unwrap().evaluate(Some("no"));
    assert_eq!(outcome.found, "tags.validated = 'no'");
    assert_eq!(outcome.reason, "'no' is not = 'yes'");
    let missing = parse_tag("tags.validated != 'yes'").unwrap().evaluate(None);
    assert_eq!(missing.reason, "tags.validated is not set");
}

proptest! {
    #[test]
    fn a_version_is_as_good_as_itself_and_no_better(value in any::<f64>().prop_filter("number", |v| !v.is_nan())) {
        let same = auc(value);
        prop_assert!(check("metrics.auc >= champion.metrics.auc", &same, Some(&same)).passed);
        prop_assert!(!check("metrics.auc > champion.metrics.auc", &same, Some(&same)).passed);
    }

    #[test]
    fn thousandths_are_compared_as_thousandths(a in -9_999..9_999_i32, b in -9_999..9_999_i32, c in 0..2_000_i32) {
        let thousandths = |n: i32| f64::from(n) / 1_000.0;
        let condition = format!("metrics.auc >= champion.metrics.auc - {:?}", thousandths(c));
        let outcome = check(&condition, &auc(thousandths(a)), Some(&auc(thousandths(b))));
        prop_assert_eq!(outcome.passed, a >= b - c);
    }
}
