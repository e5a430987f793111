//! Where the search grammar sides with the caller or the database instead of MLflow, and how much it takes.

use forebay_core::filter::logged_models::{LoggedModelOrderKey, OrderByField};
use forebay_core::filter::runs::{RunComparison, RunOrderKey};
use forebay_core::filter::{EntryTest, OrderBy, experiments, logged_models, runs};

fn message<T: std::fmt::Debug>(result: Result<T, forebay_core::invalid::Invalid>) -> String {
    match result {
        Ok(accepted) => format!("accepted: {accepted:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn strangers_between_comparisons_are_listed() {
    let error = message(runs::parse_filter("metrics.a > 1 OR metrics.b > 2 or (params.c = 'd')"));
    assert_eq!(error, "Invalid clause(s) in filter string: 'OR', 'or', '(params.c = 'd')'");
}

#[test]
fn messages_that_clients_match_on_are_mlflows() {
    for (filter, expected) in [
        ("metrics.a = 'x'", "Expected numeric value type for metric. Found 'x'"),
        ("params.a = 1", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"),
        ("tags.a = 1", "Expected a quoted string value for tag (e.g. 'my-value'). Got value 1"),
        ("status = 1", "Expected a quoted string value for attributes. Got value 1"),
        ("start_time = 'x'", "Expected numeric value type for numeric attribute: start_time. Found 'x'"),
        (
            "params.a = x",
            "Parameter value is either not quoted or unidentified quote types used for string value x. \
             Use either single or double quotes.",
        ),
        (
            "metrix.a > 1",
            "Invalid entity type 'metrix'. \
             Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
        ),
        (
            "status IN ('a')",
            "Only ['run_id'] attributes support comparison with a list of quoted string values.",
        ),
        ("metrics.a/b > 1", "Invalid comparison clause. Expected 'Identifier' found 'metrics.a/b'"),
    ] {
        assert_eq!(message(runs::parse_filter(filter)), expected);
    }
}

#[test]
fn a_tag_named_like_an_alias_keeps_its_name() {
    // MLflow translates the alias `created` for params, tags and metrics too and then finds nothing.
    let expected = RunComparison::Tag { key: "created".to_owned(), test: EntryTest::Present };
    assert_eq!(runs::parse_filter("tags.created IS NOT NULL"), Ok(vec![expected]));
    let order = runs::parse_order_by(&["params.created".to_owned()]).unwrap();
    assert_eq!(order[0].key, RunOrderKey::Param("created".to_owned()));
}

#[test]
fn texts_that_would_fail_in_the_database_are_refused() {
    for filter in ["params.a = '\0'", "start_time > 99999999999999999999", "run_id IN ('\\x00')"] {
        assert!(runs::parse_filter(filter).is_err(), "{filter}");
    }
    for filter in ["metrics.a > nan", "name = ('a')", "attributes.unknown = 'x'", "status = 'LOST'"] {
        assert!(logged_models::parse_filter(filter).is_err(), "{filter}");
    }
}

#[test]
fn filters_are_bounded_in_length_clauses_patterns_and_list_values() {
    let long = format!("params.a = '{}'", "x".repeat(100_000));
    assert!(message(runs::parse_filter(&long)).ends_with("supplied: It is longer than 100000 bytes"));
    let clauses = |n: usize| vec!["metrics.a > 1"; n].join(" AND ");
    assert_eq!(runs::parse_filter(&clauses(200)).map(|all| all.len()), Ok(200));
    assert!(message(runs::parse_filter(&clauses(201))).ends_with("It has more than 200 comparisons"));
    let pattern = format!("params.a LIKE '{}'", "%".repeat(10_000));
    assert!(message(runs::parse_filter(&pattern)).ends_with("The pattern is longer than 10000 bytes"));
    let list = |n: usize| format!("run_id IN ({})", vec!["'a'"; n].join(","));
    assert!(runs::parse_filter(&list(10_000)).is_ok());
    assert!(message(runs::parse_filter(&list(10_001))).ends_with("A list has more than 10000 values"));
}

#[test]
fn deep_and_unbalanced_brackets_cost_no_stack() {
    assert!(runs::parse_filter(&"(".repeat(100_000)).is_err());
    let nested = format!("{}{}", "(".repeat(50_000), ")".repeat(50_000));
    assert!(runs::parse_filter(&nested).is_err());
    assert!(runs::parse_filter(&"'".repeat(99_999)).is_err());
}

#[test]
fn ordering_runs_twice_by_one_key_is_refused() {
    let order_by = ["start_time DESC".to_owned(), "attributes.created".to_owned()];
    assert!(message(runs::parse_order_by(&order_by)).starts_with("`order_by` contains duplicate fields"));
}

#[test]
fn ordering_experiments_twice_by_one_key_keeps_the_first() {
    let order_by = ["name DESC".to_owned(), "name".to_owned()];
    assert_eq!(experiments::parse_order_by(&order_by).map(|keys| keys.len()), Ok(1));
}

#[test]
fn more_than_fifty_keys_to_order_by_are_refused() {
    let order_by: Vec<String> = (0..51).map(|n| format!("metrics.m{n}")).collect();
    assert!(runs::parse_order_by(&order_by[..50]).is_ok());
    assert!(runs::parse_order_by(&order_by).is_err());
}

fn order(field_name: &str, dataset_name: Option<&str>, dataset_digest: Option<&str>) -> OrderByField {
    OrderByField {
        field_name: field_name.to_owned(),
        ascending: false,
        dataset_name: dataset_name.map(str::to_owned),
        dataset_digest: dataset_digest.map(str::to_owned),
    }
}

#[test]
fn logged_models_are_ordered_by_columns_and_by_metrics_of_a_dataset() {
    let fields = [order("metrics.val/loss", Some("d"), None), order("creation_time", None, None)];
    let keys: Vec<OrderBy<LoggedModelOrderKey>> = logged_models::parse_order_by(&fields).unwrap();
    let metric = LoggedModelOrderKey::Metric {
        key: "val/loss".to_owned(),
        dataset_name: Some("d".to_owned()),
        dataset_digest: None,
    };
    assert_eq!(keys[0].key, metric);
    assert_eq!(keys[1].key, LoggedModelOrderKey::Time(logged_models::LoggedModelTime::Creation));
}

#[test]
fn logged_models_are_not_ordered_by_params_or_unknown_columns() {
    for field in [order("params.a", None, None), order("foo", None, None)] {
        assert!(logged_models::parse_order_by(&[field]).is_err());
    }
}
