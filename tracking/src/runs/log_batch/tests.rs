//! Groups of batches: one after the other in effect, whatever the statements.

use forebay_core::columns::ColumnLimits;
use forebay_db::Db;
use forebay_wire::logged_models::CreateLoggedModel;
use forebay_wire::metrics::LogMetric;
use forebay_wire::runs as wire;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::LongValues;
use crate::model::log_batch::Form;
use crate::model::logged_model::NewLoggedModel;
use crate::model::metric::{Metric, ModelLink, Point};
use crate::model::param::Param;
use crate::model::run::{Run, RunId};
use crate::model::tag::Tag;
use crate::testing::{Scratch, scratch};

fn empty(run_id: &RunId) -> LogBatch {
    LogBatch {
        run_id: run_id.clone(),
        form: Form::List,
        metrics: Vec::new(),
        params: Vec::new(),
        tags: Vec::new(),
    }
}

fn param(run_id: &RunId, key: &str, value: &str) -> LogBatch {
    let param = Param { key: key.to_owned(), value: value.to_owned() };
    LogBatch { params: vec![param], ..empty(run_id) }
}

fn tag(run_id: &RunId, key: &str, value: &str) -> LogBatch {
    let tag = Tag { key: key.to_owned(), value: value.to_owned() };
    LogBatch { tags: vec![tag], ..empty(run_id) }
}

fn metric(key: &str, point: Point) -> Metric {
    Metric { key: key.to_owned(), point, model: None }
}

async fn log_group(scratch: &Scratch, batches: Vec<LogBatch>) -> Vec<Result<()>> {
    let written = scratch
        .tracking
        .db
        .write(batches, |tx, batches| Box::pin(async move { apply(tx, batches).await.map_err(Error::from) }));
    written.await.unwrap()
}

async fn get(scratch: &Scratch, run_id: &RunId) -> Run {
    scratch.tracking.get_run(run_id.clone()).await.unwrap()
}

fn params(run: &Run) -> Vec<(&str, &str)> {
    run.params.iter().map(|param| (param.key.as_str(), param.value.as_str())).collect()
}

forebay_db::for_each_db!(
    a_point_of_a_model_stands_once_with_one_value,
    of_rivals_for_a_param_one_wins_and_the_others_write_nothing,
    a_batch_that_conflicts_with_one_before_it_in_the_group_fails_alone,
    a_single_param_that_changes_is_told_as_one,
    a_missing_and_a_deleted_run_take_nothing_and_disturb_nobody,
    of_tags_with_one_key_the_last_stays_and_the_name_follows_its_tag,
    the_same_point_twice_is_one_point,
    a_metric_of_an_unknown_model_writes_nothing,
    the_latest_metric_is_what_a_loop_over_all_points_finds
);

async fn a_batch_that_conflicts_with_one_before_it_in_the_group_fails_alone(db: Db) {
    let scratch = scratch(db).await;
    let (one, two) = (scratch.run().await, scratch.run().await);
    let conflicting = LogBatch {
        metrics: vec![metric("m", Point::new(0, 0, 1.0))],
        tags: vec![Tag { key: "t".to_owned(), value: "v".to_owned() }],
        params: vec![
            Param { key: "new".to_owned(), value: "1".to_owned() },
            Param { key: "p".to_owned(), value: "it's".to_owned() },
        ],
        ..empty(&one)
    };
    let group = vec![
        param(&one, "p", "1"),
        conflicting,
        param(&two, "p", "2"),
        param(&one, "p", "1"),
        param(&one, "q", "3"),
    ];
    let results = log_group(&scratch, group).await;
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, true, true]);
    let error = results[1].as_ref().unwrap_err().to_string();
    let expected = format!(
        "Changing param values is not allowed. Params were already logged='[{{'key': 'p', 'old_value': '1', \
         'new_value': \"it's\"}}]' for run ID='{one}'."
    );
    assert_eq!(error, expected);
    let run = get(&scratch, &one).await;
    assert_eq!(params(&run), [("p", "1"), ("q", "3")]);
    assert!(run.metrics.is_empty() && run.tags.iter().all(|tag| tag.key != "t"));
    assert_eq!(params(&get(&scratch, &two).await), [("p", "2")]);
}

async fn a_single_param_that_changes_is_told_as_one(db: Db) {
    let scratch = scratch(db).await;
    let run_id = scratch.run().await;
    log_group(&scratch, vec![param(&run_id, "p", "1")]).await.remove(0).unwrap();
    let request = wire::LogParam {
        run_id: Some(run_id.to_string()),
        key: Some("p".to_owned()),
        value: Some("2".to_owned()),
        run_uuid: None,
    };
    let batch = LogBatch::from_param(request, LongValues::Truncate).unwrap();
    let error = scratch.tracking.log_batch(batch).await.unwrap_err().to_string();
    let expected = format!(
        "Changing param values is not allowed. Param with key='p' was already logged with value='1' for run \
         ID='{run_id}'. Attempted logging new value '2'."
    );
    assert_eq!(error, expected);
}

async fn a_missing_and_a_deleted_run_take_nothing_and_disturb_nobody(db: Db) {
    let scratch = scratch(db).await;
    let (active, deleted) = (scratch.run().await, scratch.run().await);
    scratch.tracking.delete_run(deleted.clone()).await.unwrap();
    let nowhere = RunId::new("nope".to_owned());
    let group = vec![param(&nowhere, "p", "1"), param(&deleted, "p", "1"), param(&active, "p", "1")];
    let results = log_group(&scratch, group).await;
    assert_eq!(results[0].as_ref().unwrap_err().to_string(), "Run with id=nope not found");
    assert!(matches!(&results[1], Err(Error::RunNotActive(id)) if *id == deleted));
    assert_eq!(params(&get(&scratch, &active).await), [("p", "1")]);
    assert!(get(&scratch, &deleted).await.params.is_empty());
}

async fn of_tags_with_one_key_the_last_stays_and_the_name_follows_its_tag(db: Db) {
    let scratch = scratch(db).await;
    let run_id = scratch.run().await;
    let named = [("t", "1"), (RUN_NAME, "first"), ("t", "2"), (RUN_NAME, "second"), (RUN_NAME, "")];
    let group = named.iter().map(|(key, value)| tag(&run_id, key, value)).collect();
    assert!(log_group(&scratch, group).await.iter().all(Result::is_ok));
    let run = get(&scratch, &run_id).await;
    assert_eq!(run.info.name.as_deref(), Some("second"));
    let tags: Vec<_> = run.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
    assert_eq!(tags, [(RUN_NAME, "second"), ("t", "2")]);
}

async fn the_same_point_twice_is_one_point(db: Db) {
    let scratch = scratch(db).await;
    let run_id = scratch.run().await;
    let point = |value| LogMetric {
        run_id: Some(run_id.to_string()),
        key: Some("m".to_owned()),
        value: Some(f64::into(value)),
        timestamp: Some(5.into()),
        ..LogMetric::default()
    };
    let batch = |value| LogBatch::from_metric(point(value), ColumnLimits::Enforced).unwrap();
    let group = vec![batch(f64::NAN), batch(f64::NAN), batch(0.0), batch(f64::INFINITY)];
    assert!(log_group(&scratch, group).await.iter().all(Result::is_ok));
    assert!(log_group(&scratch, vec![batch(0.0)]).await.iter().all(Result::is_ok));
    let page = crate::model::history::HistoryPage {
        run_id: run_id.clone(),
        key: "m".to_owned(),
        offset: 0,
        max_points: Some(2),
    };
    let (points, next) = scratch.tracking.get_metric_history(&page).await.unwrap();
    assert_eq!(next, Some(2));
    assert_eq!(points, [Point::new(0, 5, 0.0), Point::new(0, 5, f64::NAN)]);
    assert_eq!(get(&scratch, &run_id).await.metrics[0].point, Point::new(0, 5, f64::MAX));
}

async fn a_metric_of_an_unknown_model_writes_nothing(db: Db) {
    let scratch = scratch(db).await;
    let run_id = scratch.run().await;
    let model = Some(ModelLink { model_id: "m-1".to_owned(), dataset: None });
    let metric = Metric { model, ..metric("loss", Point::new(0, 0, 1.0)) };
    let results = log_group(&scratch, vec![LogBatch { metrics: vec![metric], ..empty(&run_id) }]).await;
    assert!(matches!(&results[0], Err(Error::ModelOfMetricNotFound { model_id, .. }) if model_id == "m-1"));
    assert!(get(&scratch, &run_id).await.metrics.is_empty());
}

async fn a_point_of_a_model_stands_once_with_one_value(db: Db) {
    let scratch = scratch(db).await;
    let run_id = scratch.run().await;
    let request = CreateLoggedModel { experiment_id: Some("0".to_owned()), ..CreateLoggedModel::default() };
    let model =
        scratch.tracking.create_logged_model(NewLoggedModel::try_from(request).unwrap()).await.unwrap();
    let batch = |value: f64, digest: &str| {
        let dataset = Some(("d".to_owned(), digest.to_owned()));
        let model = Some(ModelLink { model_id: model.id.to_string(), dataset });
        let metric = Metric { model, ..metric("loss", Point::new(1, 2, value)) };
        LogBatch { metrics: vec![metric], ..empty(&run_id) }
    };
    let in_a_group = log_group(&scratch, vec![batch(1.0, "x"), batch(1.0, "x"), batch(2.0, "x")]).await;
    let alone = [
        scratch.tracking.log_batch(batch(1.0, "x")).await,
        scratch.tracking.log_batch(batch(2.0, "x")).await,
        scratch.tracking.log_batch(batch(1.0, "y")).await,
    ];
    let is_ok: Vec<bool> = in_a_group.iter().chain(&alone).map(Result::is_ok).collect();
    assert_eq!(is_ok, [true, true, false, true, false, false]);
    assert!(matches!(&alone[1], Err(Error::ModelMetricChanged { timestamp_ms: 2, step: 1, .. })));
    assert_eq!(get(&scratch, &run_id).await.metrics, [metric("loss", Point::new(1, 2, 1.0))]);
}

async fn of_rivals_for_a_param_one_wins_and_the_others_write_nothing(db: Db) {
    let scratch = scratch(db).await;
    let run_id = scratch.run().await;
    let rivals = (0..20).map(|rival| {
        let tag = Tag { key: format!("rival {rival}"), value: String::new() };
        let batch = LogBatch { tags: vec![tag], ..param(&run_id, "p", &rival.to_string()) };
        let tracking = scratch.tracking.clone();
        tokio::spawn(async move { (rival, tracking.log_batch(batch).await) })
    });
    let mut winners = Vec::new();
    for rival in rivals.collect::<Vec<_>>() {
        match rival.await.unwrap() {
            (rival, Ok(())) => winners.push(rival.to_string()),
            (_, Err(error)) => assert!(matches!(error, Error::ParamsChanged { .. }), "{error:?}"),
        }
    }
    let run = get(&scratch, &run_id).await;
    assert_eq!(winners, [run.params[0].value.as_str()]);
    assert_eq!(run.tags.len(), 2, "the name and the winner's tag");
}

/// The rule of MLflow, one point after the other.
fn latest_by_a_loop(points: &[(bool, Point)], key: bool) -> Option<Point> {
    let mut latest: Option<Point> = None;
    for (_, point) in points.iter().filter(|(other, _)| *other == key) {
        let rank = |point: &Point| (point.step, point.timestamp_ms, point.stored);
        if latest.as_ref().is_none_or(|latest| rank(point) > rank(latest)) {
            latest = Some(*point);
        }
    }
    latest
}

fn any_point() -> impl Strategy<Value = Point> {
    let value = prop::sample::select(vec![-1.0, 0.0, 1.0, f64::NAN, f64::INFINITY]);
    (-1_i64..3, 0_i64..3, value).prop_map(|(step, time, value)| Point::new(step, time, value))
}

async fn the_latest_metric_is_what_a_loop_over_all_points_finds(db: Db) {
    let scratch = scratch(db).await;
    let groups = prop::collection::vec(prop::collection::vec((any::<bool>(), any_point()), 1..6), 1..4);
    let mut runner = TestRunner::deterministic();
    for _ in 0..32 {
        let groups = groups.new_tree(&mut runner).unwrap().current();
        check_latest(&scratch, &groups).await;
    }
}

async fn check_latest(scratch: &Scratch, groups: &[Vec<(bool, Point)>]) {
    let run_id = scratch.run().await;
    let name = |key: bool| if key { "a" } else { "b" };
    for group in groups {
        let batch = |(key, point): &(bool, Point)| LogBatch {
            metrics: vec![metric(name(*key), *point)],
            ..empty(&run_id)
        };
        let results = log_group(scratch, group.iter().map(batch).collect()).await;
        assert!(results.iter().all(Result::is_ok));
    }
    let points = groups.concat();
    let latest = |key| latest_by_a_loop(&points, key).map(|point| metric(name(key), point));
    let expected: Vec<_> = [true, false].into_iter().filter_map(latest).collect();
    assert_eq!(get(scratch, &run_id).await.metrics, expected, "{groups:?}");
}
