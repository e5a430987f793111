//! Which policies are taken, and what is said of the others.

use forebay_core::filter::NumberOp;
use forebay_core::filter::conditions::Bound;
use forebay_wire::promotion_policies::PromotionPolicy;

use super::file::parse_file;
use super::*;
use crate::model::stage::Stage;

const FILE: &str = "\
model: fraud.detector
alias: champion
gates:
  - metric: metrics.auc > 0.8
    dataset: holdout
  - metric: metrics.auc >= champion.metrics.auc - 0.005
  - tag: tags.validated = 'yes'
  - tag: tags.`owner team` != ''
  - signature: compatible
  - artifacts: complete
approvals: 1
description: Who may serve.
---
model: fraud.detector
stage: production
gates:
  - metric: metrics.auc > production.metrics.auc
";

fn error(yaml: &str) -> String {
    parse_file(yaml).unwrap_err().to_string()
}

#[test]
fn a_file_becomes_policies() {
    let policies = parse_file(FILE).unwrap();
    let [champion, production] = policies.as_slice() else { panic!("{policies:?}") };
    assert_eq!(champion.model(), "fraud.detector");
    assert_eq!(champion.target(), &Target::Alias("champion".to_owned()));
    assert_eq!(champion.approvals(), 1);
    assert_eq!(champion.locked_tags().into_iter().collect::<Vec<_>>(), ["owner team", "validated"]);
    assert_eq!(champion.gates().len(), 6);
    let Gate::Metric { condition, dataset, .. } = &champion.gates()[0] else { panic!() };
    assert_eq!((condition.op, dataset.as_deref()), (NumberOp::Gt, Some("holdout")));
    assert_eq!(production.target(), &Target::Stage(Stage::Production));
    let Gate::Metric { condition, .. } = &production.gates()[0] else { panic!() };
    assert!(matches!(&condition.bound, Bound::Holder { holder, .. } if holder == "Production"));
}

#[test]
fn a_stored_policy_is_read_back_as_itself() {
    for policy in parse_file(FILE).unwrap() {
        let stored = policy.to_stored();
        assert_eq!(Policy::from_stored(&stored).unwrap(), policy);
        assert_eq!(Policy::from_stored(&stored).unwrap().to_stored(), stored);
    }
    let only_approvals = parse_file("model: m\nalias: a\napprovals: 2\n").unwrap().remove(0);
    assert_eq!(only_approvals.to_stored(), r#"{"name":"m","alias":"a","approvals":2}"#);
    assert!(Policy::from_stored("").is_err());
    assert!(Policy::from_stored("[]").is_err());
}

#[test]
fn a_mistake_is_told_with_its_line_and_reason() {
    for (yaml, expected) in [
        ("alias: a\napprovals: 1\n".to_owned(), "line 1: the name of the model is missing"),
        (
            "approvals: 1\nmodel: a/b\nalias: a\n".to_owned(),
            "line 2: Invalid model name 'a/b'. Names cannot contain '/' or ':'.",
        ),
        ("model: m\n".to_owned(), "line 1: the alias or stage is missing"),
        (
            "model: m\nalias: a\nstage: Staging\napprovals: 1\n".to_owned(),
            "line 3: it is for an alias or for a stage, not for both",
        ),
        (
            "model: m\nalias: a b\n".to_owned(),
            "line 2: Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-).",
        ),
        ("model: m\nalias: ''\n".to_owned(), "line 2: the alias is empty"),
        (
            "model: m\nalias: Latest\n".to_owned(),
            "line 2: 'latest' alias name (case insensitive) is reserved.",
        ),
        ("model: m\nalias: v12\n".to_owned(), "line 2: Version alias name 'v12' is reserved."),
        ("model: m\nstage: None\n".to_owned(), "line 2: the stage is Staging or Production, not 'None'"),
        (
            "model: m\nalias: a\n".to_owned(),
            "line 1: the policy asks for nothing: it has neither gates nor approvals",
        ),
        (
            "model: m\nalias: a\ngates: []\n".to_owned(),
            "line 3: the policy asks for nothing: it has neither gates nor approvals",
        ),
        (
            "model: m\nalias: a\napprovals: -1\n".to_owned(),
            "line 3: the number of approvals is 0 to 100, not -1",
        ),
        (
            "model: m\nalias: a\napprovals: 101\n".to_owned(),
            "line 3: the number of approvals is 0 to 100, not 101",
        ),
    ] {
        assert_eq!(error(&yaml), expected, "{yaml}");
    }
}

#[test]
fn a_mistake_in_a_gate_is_told_with_its_line_and_reason() {
    let gate = |text: &str| format!("model: m\nalias: champion\ngates:\n  - {text}\n");
    for (yaml, expected) in [
        (
            gate("metric: metrics.auc >> 1"),
            "line 4: Invalid condition. Expected one of the operators =, !=, <, <=, >, >= at column 13, \
             found '>>': metrics.auc >> 1",
        ),
        (
            gate("metric: metrics.auc > challenger.metrics.auc"),
            "line 4: Invalid condition. Expected a number or champion.metrics and a key at column 15, \
             found 'challenger.metrics.auc': metrics.auc > challenger.metrics.auc",
        ),
        (
            gate("tag: tags.a = yes"),
            "line 4: Invalid condition. Expected a quoted text such as 'yes' at column 10, \
             found 'yes': tags.a = yes",
        ),
        (gate("signature: same"), "line 4: signature can be 'compatible', not 'same'"),
        (gate("artifacts: all"), "line 4: artifacts can be 'complete', not 'all'"),
        (gate("dataset: a"), "line 4: a dataset stands beside a metric only"),
        (gate("metric: metrics.a > 1\n    dataset: ''"), "line 5: the name of the dataset is empty"),
        (gate("metric: metrics.a > 1\n    dataset: \"a\\0\""), "line 5: the text contains a NUL character"),
        (
            gate("{}"),
            "line 4: a gate is one of metric, tag, signature and artifacts, and none of them is there",
        ),
        (
            gate("signature: compatible\n    artifacts: complete"),
            "line 4: a gate is one of metric, tag, signature and artifacts; each of several is a gate of its own",
        ),
        (gate("metric: metrics.a > 1\n  - metric: metric.`a`>1.0"), "line 5: gate 2 asks the same as gate 1"),
        (gate("artifacts: complete\n  - artifacts: complete"), "line 5: gate 2 asks the same as gate 1"),
    ] {
        assert_eq!(error(&yaml), expected, "{yaml}");
    }
}

#[test]
fn a_file_has_one_policy_for_each_alias_or_stage() {
    for (yaml, expected) in [
        (
            "model: m\nalias: a\napprovals: 1\n---\nmodel: m\napprovals: 2\nalias: a\n".to_owned(),
            "line 7: the file has a policy for this alias of the model already, in line 2",
        ),
        (
            "model: m\nstage: staging\napprovals: 1\n---\nmodel: m\nstage: STAGING\napprovals: 1\n"
                .to_owned(),
            "line 6: the file has a policy for this stage of the model already, in line 2",
        ),
        (
            "model: m\nalias: a\napproval: 1\n".to_owned(),
            "line 3: unknown field `approval`, expected one of model, alias, stage, gates, approvals, description",
        ),
    ] {
        assert_eq!(error(&yaml), expected, "{yaml}");
    }
}

#[test]
fn the_second_document_counts_lines_from_the_top_of_the_file() {
    let yaml = "model: m\nalias: a\napprovals: 1\n---\nmodel: m\nalias: b\ngates:\n  - tag: tags.a\n";
    assert!(error(yaml).starts_with("line 8: Invalid condition."));
}

#[test]
fn the_same_metric_may_be_asked_of_two_datasets() {
    let yaml = "model: m\nalias: a\ngates:\n  - {metric: metrics.a > 1, dataset: x}\n  - {metric: metrics.a > 1, dataset: y}\n";
    assert_eq!(parse_file(yaml).unwrap()[0].gates().len(), 2);
}

#[test]
fn texts_and_lists_are_bounded() {
    let long = |n: usize| "x".repeat(n);
    for (yaml, expected) in [
        (format!("model: {}\nalias: a\n", long(257)), "line 1: the text is longer than 256 characters"),
        (
            format!("model: m\nalias: {}\n", long(256)),
            "line 2: 'Registered model alias name' exceeds the maximum length of 255 characters",
        ),
        (
            format!("model: m\nalias: a\napprovals: 1\ndescription: {}\n", long(5_001)),
            "line 4: the text is longer than 5000 characters",
        ),
        (
            format!("model: m\nalias: a\ngates:\n  - metric: metrics.a > 1\n    dataset: {}\n", long(538)),
            "line 5: the text is longer than 537 characters",
        ),
    ] {
        assert_eq!(error(&yaml), expected);
    }
    let gates =
        |n: usize| (0..n).map(|i| format!("  - metric: metrics.m{i} > 1\n")).collect::<Vec<_>>().concat();
    assert!(parse_file(&format!("model: m\nalias: a\ngates:\n{}", gates(64))).is_ok());
    assert_eq!(
        error(&format!("model: m\nalias: a\ngates:\n{}", gates(65))),
        "line 4: there are more than 64 gates"
    );
    let long_condition = format!("model: m\nalias: a\ngates:\n  - tag: tags.a = '{}'\n", long(4_000));
    assert!(error(&long_condition).starts_with("line 4: Invalid value \"tags.a = "));
}

#[test]
fn a_message_of_json_is_checked_by_the_same_rules_and_names_the_field() {
    let message = |json: &str| decode_json::<PromotionPolicy>(json.as_bytes()).unwrap();
    let policy = Policy::try_from(message(
        r#"{"name": "m", "alias": "a", "gates": [{"metric": "metrics.auc > a.metrics.auc"}], "approvals": "2"}"#,
    ));
    assert_eq!(policy.unwrap().approvals(), 2);
    let error =
        Policy::try_from(message(r#"{"name": "m", "alias": "a", "gates": [{"tag": "x"}]}"#)).unwrap_err();
    assert!(error.to_string().starts_with(
        "Invalid value for parameter 'gates[0].tag' supplied: Invalid condition. Expected a tag such as"
    ));
}
