//! Which rows come out, and with which columns.

use std::io::Write;
use std::sync::{Arc, Mutex};

use arrow::array::{Array as _, AsArray as _, Date32Array, TimestampNanosecondArray};
use arrow::ipc::reader::StreamReader;

use super::fixture::{
    Place, batch, blueprint, entity, longs, means, name, numbers, orders, texts, times, view,
};
use crate::model::about::About;
use crate::model::feature_view::{Holds, KnownAt};
use crate::model::on_demand_view::{Computed, OnDemandView};
use crate::model::reference::Reference;
use crate::model::value_type::ValueType;
use crate::training_sets::build::{Output, build_by};
use crate::training_sets::{Blueprint, Progress, Request, Step};

#[test]
fn every_row_of_the_spine_comes_out_once_in_its_order_with_its_features_behind_it() {
    let place = Place::new();
    let spine = batch(&[
        ("note", texts(&["a", "b", "c", "d", "e"])),
        ("id", numbers([Some(2), Some(1), None, Some(1), Some(2)])),
        ("at", times([Some(20), Some(10), Some(10), None, Some(5)])),
    ]);
    let spine = place.file("spine.parquet", &spine);
    place.file(
        "t/b.parquet",
        &batch(&[
            ("id", numbers([Some(1), Some(2)])),
            ("at", times([Some(1), Some(20)])),
            ("n", numbers([Some(11), Some(22)])),
        ]),
    );
    place.file(
        "t/a.parquet",
        &batch(&[
            ("id", numbers([Some(1), Some(2), None, Some(3), Some(1)])),
            ("at", times([Some(10), Some(21), Some(1), Some(1), None])),
            ("n", numbers([Some(12), Some(23), Some(0), Some(0), Some(0)])),
        ]),
    );
    let built = place.build(&orders(&place.path("t")), place.request(&spine, "out.parquet")).unwrap();
    let rows = place.read("out.parquet");
    let names: Vec<_> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["note", "id", "at", "n"]);
    let notes: Vec<_> = rows["note"].as_string::<i32>().iter().flatten().collect();
    assert_eq!(notes, ["a", "b", "c", "d", "e"]);
    assert_eq!(longs(&rows, "n"), [Some(22), Some(12), None, None, None]);
    let audit = &built.audit;
    assert_eq!((audit.n_rows, audit.n_rows_without_time, audit.n_nulls["n"]), (5, 1, 3));
    let seen = &audit.views[0];
    // A row after the last of the spine is not read.
    assert_eq!((seen.n_rows_read, seen.n_rows_never_known), (6, 1));
    assert_eq!((seen.n_rows_without_key, seen.n_rows_of_other_keys), (1, 1));
    assert_eq!((seen.n_matched, seen.n_expired, seen.n_missing), (2, 0, 3));
    assert_eq!(seen.max_event_lag_us, Some(0));
    assert!(audit.warnings.is_empty());
}

#[test]
fn a_table_that_was_filled_afterwards_is_warned_of() {
    let place = Place::new();
    let spine = batch(&[("id", numbers([Some(1), Some(1)])), ("at", times([Some(10), Some(100)]))]);
    let spine = place.file("spine.parquet", &spine);
    let table = place.file(
        "t.parquet",
        &batch(&[
            ("id", numbers([Some(1), Some(1)])),
            ("at", times([Some(1), Some(90)])),
            ("loaded", times([Some(1_000), None])),
            ("n", numbers([Some(1), Some(2)])),
        ]),
    );
    let mut blueprint = orders(&table);
    blueprint.views[0].created_time = Some("loaded".to_owned());
    let built = place.build(&blueprint, place.request(&spine, "out.parquet")).unwrap();
    assert_eq!(longs(&place.read("out.parquet"), "n"), [Some(1), Some(2)]);
    assert!(built.audit.warnings.is_empty());
    blueprint.views[0].known_at = KnownAt::CreatedTime;
    let built = place.build(&blueprint, place.request(&spine, "out.parquet")).unwrap();
    assert_eq!(longs(&place.read("out.parquet"), "n"), [None, None]);
    let seen = &built.audit.views[0];
    assert_eq!((seen.n_not_yet_known, seen.n_rows_never_known), (2, 1));
    assert!(built.audit.warnings[0].starts_with("view 'orders': 2 of 2 rows without features"));
}

#[test]
fn features_cease_to_hold() {
    let place = Place::new();
    let spine =
        batch(&[("id", numbers([Some(1); 4])), ("at", times([Some(9), Some(10), Some(19), Some(20)]))]);
    let spine = place.file("spine.parquet", &spine);
    let table = place.file(
        "t.parquet",
        &batch(&[
            ("id", numbers([Some(1), Some(1)])),
            ("at", times([Some(10), Some(0)])),
            ("until", times([Some(19), Some(10)])),
            ("n", numbers([Some(1), Some(0)])),
        ]),
    );
    let mut blueprint = orders(&table);
    blueprint.views[0].holds = Holds::Between { from: "at".to_owned(), to: "until".to_owned() };
    place.build(&blueprint, place.request(&spine, "out.parquet")).unwrap();
    assert_eq!(longs(&place.read("out.parquet"), "n"), [Some(0), Some(1), None, None]);
}

#[test]
fn a_length_of_time_is_in_microseconds_and_both_ends_are_included() {
    let place = Place::new();
    let spine =
        batch(&[("id", numbers([Some(1); 3])), ("at", times([Some(0), Some(1_000_000), Some(1_000_001)]))]);
    let spine = place.file("spine.parquet", &spine);
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    let table = place.file("t.parquet", &batch(&columns));
    let mut blueprint = orders(&table);
    blueprint.views[0].holds = Holds::Since { event_time: "at".to_owned(), ttl: Some("1s".parse().unwrap()) };
    let built = place.build(&blueprint, place.request(&spine, "out.parquet")).unwrap();
    assert_eq!(longs(&place.read("out.parquet"), "n"), [Some(7), Some(7), None]);
    assert_eq!(built.audit.views[0].n_expired, 1);
}

#[test]
fn keys_of_several_entities_are_joined_together_under_other_names() {
    let place = Place::new();
    let spine = batch(&[
        ("id", numbers([Some(1), Some(1), Some(2)])),
        ("shop", texts(&["x", "y", "x"])),
        ("at", times([Some(5); 3])),
    ]);
    let spine = place.file("spine.parquet", &spine);
    let table = place.file(
        "t.parquet",
        &batch(&[
            ("id", numbers([Some(1), Some(2)])),
            ("place", texts(&["x", "y"])),
            ("at", times([Some(5); 2])),
            ("n", numbers([Some(1), Some(2)])),
        ]),
    );
    let entities =
        vec![entity("customer", &[("id", ValueType::Int64)]), entity("shop", &[("shop", ValueType::String)])];
    let mut visits = view("visits", &table, "customer", &["n"]);
    visits.entities.push(name("shop"));
    visits.key_columns.push((name("shop"), "place".to_owned()));
    place.build(&blueprint(entities, vec![visits]), place.request(&spine, "out.parquet")).unwrap();
    assert_eq!(longs(&place.read("out.parquet"), "n"), [Some(1), None, None]);
}

#[test]
fn texts_dates_and_nanoseconds_are_times_and_keys_of_other_types_are_the_same_keys() {
    let place = Place::new();
    let dates = Date32Array::from(vec![1, 2]);
    let spine = batch(&[("id", numbers([Some(1), Some(1)])), ("at", Arc::new(dates) as _)]);
    let spine = place.file("spine.parquet", &spine);
    std::fs::write(
        place.path("t.csv"),
        "id,at,n\n1,1970-01-02T00:00:00Z,5\n1.0,1970-01-02 12:00:00.000001+02:00,6\n",
    )
    .unwrap();
    place.build(&orders(&place.path("t.csv")), place.request(&spine, "out.parquet")).unwrap();
    assert_eq!(longs(&place.read("out.parquet"), "n"), [Some(5), Some(6)]);
    let late = TimestampNanosecondArray::from(vec![86_400_000_000_001]);
    let columns = [("id", numbers([Some(1)])), ("at", Arc::new(late) as _), ("n", numbers([Some(7)]))];
    let table = place.file("t.parquet", &batch(&columns));
    place.build(&orders(&table), place.request(&spine, "out.parquet")).unwrap();
    assert_eq!(longs(&place.read("out.parquet"), "n"), [None, Some(7)]);
}

#[test]
fn a_set_without_rows_has_its_columns() {
    let place = Place::new();
    let spine = place.file("spine.parquet", &batch(&[("id", numbers([])), ("at", times([]))]));
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    let table = place.file("t.parquet", &batch(&columns));
    let built = place.build(&orders(&table), place.request(&spine, "out.parquet")).unwrap();
    assert_eq!((built.manifest.n_rows, place.read("out.parquet").num_columns()), (0, 3));
}

#[test]
fn rows_go_to_a_delta_table_in_one_commit_or_into_a_stream() {
    let place = Place::new();
    let spine = batch(&[("id", numbers([Some(1), Some(2)])), ("at", times([Some(1), Some(1)]))]);
    let spine = place.file("spine.parquet", &spine);
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    let blueprint = orders(&place.file("t.parquet", &batch(&columns)));
    let first = place.build(&blueprint, place.request(&spine, "set")).unwrap();
    let mut again = place.request(&spine, "set");
    again.now_ms += 1;
    let second = place.build(&blueprint, again).unwrap();
    assert_eq!((first.output_version, second.output_version), (Some(0), Some(1)));
    assert_eq!(place.read("set").num_rows(), 4);
    let (sent, mut streamed) = (Sent::default(), place.request(&spine, "-"));
    streamed.output = Output::Stream(Box::new(sent.clone()));
    let third = place.build(&blueprint, streamed).unwrap();
    assert_eq!(third.manifest.rows_hash, first.manifest.rows_hash);
    let sent = sent.0.lock().unwrap();
    let rows = StreamReader::try_new(sent.as_slice(), None).unwrap().next().unwrap().unwrap();
    assert_eq!(longs(&rows, "n"), [Some(7), None]);
    assert_eq!(rows["n"].len(), 2);
}

#[test]
fn a_delta_table_gets_the_rows_of_a_job_once() {
    let place = Place::new();
    let spine = batch(&[("id", numbers([Some(1), Some(2)])), ("at", times([Some(1), Some(1)]))]);
    let spine = place.file("spine.parquet", &spine);
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    let blueprint = orders(&place.file("t.parquet", &batch(&columns)));
    let make = |job: &str, spine: &str, now_ms: i64| {
        let request = place.request(spine, "set");
        place.build(&blueprint, Request { job_id: Some(job.parse().unwrap()), now_ms, ..request })
    };
    let first = make("monday", &spine, 1).unwrap();
    let again = make("monday", &spine, 2).unwrap();
    assert_eq!((first.output_version, again.output_version), (Some(0), Some(0)));
    assert_eq!((first.audit.warnings.len(), first.manifest.rows_hash), (0, again.manifest.rows_hash));
    assert_eq!(again.audit.warnings, ["the table had the rows of job monday already; nothing was added"]);
    assert_eq!(place.read("set").num_rows(), 2);
    // Other rows under its name are nobody's: neither added nor taken for it.
    let other = place.file("other.parquet", &batch(&[("id", numbers([Some(3)])), ("at", times([Some(1)]))]));
    let refused = make("monday", &other, 3).unwrap_err().to_string();
    assert!(refused.ends_with("it has other rows of forebay/training-set/monday already"), "{refused}");
    assert_eq!(make("tuesday", &other, 4).unwrap().output_version, Some(1));
    let files = std::fs::read_dir(place.path("set")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".parquet")).count(), 2);
}

#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<u8>>>);

impl Write for Sent {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_cannot_be_joined_is_named() {
    let place = Place::new();
    let spine =
        place.file("spine.parquet", &batch(&[("id", texts(&["1", "x"])), ("at", times([Some(1); 2]))]));
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", texts(&["7"]))];
    let table = place.file("t.parquet", &batch(&columns));
    let fails = |blueprint, request| place.build(blueprint, request).unwrap_err().to_string();
    let blueprint = orders(&table);
    let error = fails(&blueprint, place.request(&spine, "out.parquet"));
    assert_eq!(error, format!("{table}: column 'n': it is Utf8, and the feature 'n' is int64"));
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    place.file("t.parquet", &batch(&columns));
    let error = fails(&blueprint, place.request(&spine, "out.parquet"));
    assert_eq!(error, format!("{spine}: column 'id': the key 'x' is no int64"));
    assert!(!std::path::Path::new(&place.path("out.parquet")).exists());
    let mut request = place.request(&spine, "out.parquet");
    request.event_time = "id".to_owned();
    let error = fails(&blueprint, request);
    assert_eq!(error, format!("{spine}: column 'id': it is Utf8, and times are timestamps or dates"));
    let error = fails(&blueprint, place.request(&spine, "t.parquet"));
    assert_eq!(error, format!("'{table}' cannot be used: it is part of {table}, which is read"));
    let pattern = place.path("t*.parquet");
    let error = fails(&orders(&pattern), place.request(&spine, "t2.parquet"));
    let new = place.path("t2.parquet");
    assert_eq!(error, format!("'{new}' cannot be used: it is part of {pattern}, which is read"));
}

fn computed(expression: &str, request: &[(&str, ValueType)]) -> OnDemandView {
    let feature = Computed {
        name: name("c"),
        expression: expression.to_owned(),
        kind: ValueType::Int64,
        description: None,
    };
    OnDemandView {
        name: name("derived"),
        inputs: Vec::new(),
        request: request.iter().map(|(value, kind)| (name(value), kind.clone())).collect(),
        features: vec![feature],
        about: About::default(),
    }
}

/// A service of a computed feature alone.
fn of_computed(view: OnDemandView) -> Blueprint {
    let mut blueprint = blueprint(Vec::new(), Vec::new());
    blueprint.service.features = vec![Reference { view: view.name.clone(), feature: name("c") }];
    blueprint.on_demand = vec![view];
    blueprint
}

#[test]
fn an_expression_that_names_nothing_has_a_value_for_each_row() {
    let place = Place::new();
    let spine = place.file("spine.parquet", &batch(&[("at", times([Some(1), None, Some(2)]))]));
    place.build(&of_computed(computed("6 * 7", &[])), place.request(&spine, "out.parquet")).unwrap();
    assert_eq!(longs(&place.read("out.parquet"), "c"), [Some(42); 3]);
}

#[test]
fn a_value_that_cannot_be_computed_is_told_by_its_row_of_the_spine() {
    let place = Place::new();
    let asked = (0..1_000).map(|row| Some(if row == 700 { i64::MAX } else { row }));
    let spine = batch(&[("asked", numbers(asked)), ("at", times((0..1_000).map(Some)))]);
    let spine = place.file("spine.parquet", &spine);
    let view = computed("asked + 1", &[("asked", ValueType::Int64)]);
    let error =
        place.build(&of_computed(view), place.request(&spine, "out.parquet")).unwrap_err().to_string();
    assert!(error.starts_with("on-demand view 'derived', feature 'c', row 701: "), "{error}");
}

#[test]
fn two_columns_of_one_name_are_refused() {
    let place = Place::new();
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    let (spine, table) =
        (place.file("spine.parquet", &batch(&columns)), place.file("t.parquet", &batch(&columns)));
    let error = place.build(&orders(&table), place.request(&spine, "out.parquet")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a column of the spine and feature 'orders:n' would both be the column 'n'"
    );
}

/// Changes a file when features are being written.
struct Meddling<'a>(&'a Place, &'a str);

impl Progress for Meddling<'_> {
    fn at(&self, step: Step<'_>, _done: u64, _of: Option<u64>) {
        if step == Step::Write {
            let rows = batch(&[("id", numbers([Some(2)])), ("at", times([Some(1)])), ("n", numbers([None]))]);
            self.0.file(self.1, &rows);
        }
    }
}

/// Wants no more.
struct Impatient;

impl Progress for Impatient {
    fn at(&self, _step: Step<'_>, _done: u64, _of: Option<u64>) {}

    fn is_cancelled(&self) -> bool {
        true
    }
}

#[test]
fn a_table_that_changes_meanwhile_and_a_caller_who_wants_no_more_leave_nothing() {
    let place = Place::new();
    let spine = place.file("spine.parquet", &batch(&[("id", numbers([Some(1)])), ("at", times([Some(1)]))]));
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    let blueprint = orders(&place.file("t.parquet", &batch(&columns)));
    let fails = |progress: &dyn Progress| {
        let request = place.request(&spine, "out.parquet");
        build_by(means(2, None), &place.lake(), &blueprint, request, progress).unwrap_err().to_string()
    };
    let changed =
        |path: &str| format!("{path} was changed while it was read; try again when nobody writes it");
    assert_eq!(fails(&Meddling(&place, "spine.parquet")), changed(&spine));
    place.file("spine.parquet", &batch(&[("id", numbers([Some(1)])), ("at", times([Some(1)]))]));
    assert_eq!(fails(&Meddling(&place, "t.parquet")), changed(&place.path("t.parquet")));
    assert_eq!(fails(&Impatient), "the training set was cancelled");
    assert!(!std::path::Path::new(&place.path("out.parquet")).exists());
}
