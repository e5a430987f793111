//! The rows of each version.

use std::fs::{File, FileTimes};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit, TimestampMicrosecondType};
use forebay_lake::{AsOf, Commit, RowCount, ScanOptions, Shard};
use serde_json::json;

use crate::fixture::{Place, ids, integers, longs, metadata, only_ids, plain_protocol, protocol, scan};

const DAY_MS: u64 = 86_400_000;

#[test]
fn a_version_has_the_rows_that_it_had() {
    let place = Place::new();
    let (one, two) =
        (place.add("one.parquet", &[("id", longs(0..5))]), place.add("two.parquet", &[("id", longs(5..9))]));
    let three = place.add("three.parquet", &[("id", longs(20..21))]);
    place.commit(0, &[plain_protocol(), only_ids(), one]);
    place.commit(1, &[two]);
    let remove = |path: &str| json!({"remove": {"path": path, "deletionTimestamp": 1, "dataChange": true}});
    place.commit(2, &[remove("one.parquet"), remove("two.parquet"), three]);
    for version in 0..3 {
        let file = File::options()
            .write(true)
            .open(place.folder.path().join(format!("_delta_log/{version:020}.json")));
        let time = UNIX_EPOCH + Duration::from_millis((version + 1) * DAY_MS);
        file.unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
    }
    let expected = [(0..5).collect::<Vec<_>>(), (0..9).collect(), vec![20]];
    for (version, expected) in (0..).zip(&expected) {
        assert_eq!(place.ids(Some(AsOf::Version(version))).unwrap(), *expected);
        let at = i64::try_from((version + 1) * DAY_MS).unwrap();
        assert_eq!(place.ids(Some(AsOf::TimeMs(at + 1_000))).unwrap(), *expected);
        assert_eq!(place.open(Some(AsOf::TimeMs(at))).unwrap().version(), Some(version));
    }
    assert_eq!(place.ids(None).unwrap(), [20]);
    assert!(place.ids(Some(AsOf::TimeMs(1_000))).unwrap_err().contains("out of range"));
    assert!(place.ids(Some(AsOf::Version(3))).unwrap_err().contains("version 3"));
    let table = place.open(Some(AsOf::Version(1))).unwrap();
    assert_eq!((table.n_rows(Shard::ALL), table.files().len()), (RowCount::Exact(9), 2));
    let details = table.details().unwrap().unwrap();
    assert_eq!((details.version, details.time_ms, details.min_reader_version), (1, 172_800_000, 1));
}

#[test]
fn partitions_are_columns_and_a_column_that_came_later_is_null_before() {
    let place = Place::new();
    let day =
        |add: &mut serde_json::Value, day: serde_json::Value| add["add"]["partitionValues"]["day"] = day;
    let mut first = place.add("day=2026-11-26/1.parquet", &[("id", longs(0..2))]);
    day(&mut first, json!("2026-11-26"));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let mut second =
        place.add("day=__HIVE_DEFAULT_PARTITION__/2.parquet", &[("name", names), ("id", longs(2..3))]);
    day(&mut second, serde_json::Value::Null);
    let columns = [("id", "long", json!({})), ("day", "date", json!({}))];
    place.commit(0, &[plain_protocol(), metadata(&columns, &["day"], &json!({})), first]);
    let columns = [("id", "long", json!({})), ("day", "date", json!({})), ("name", "string", json!({}))];
    place.commit(1, &[metadata(&columns, &["day"], &json!({})), second]);
    let rows = place.rows(None).unwrap();
    let shown = |name: &str| -> Vec<Option<String>> {
        let texts = arrow::compute::cast(&rows[name], &DataType::Utf8).unwrap();
        texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    // Files come in the order of their paths.
    assert_eq!(shown("id"), [text("0"), text("1"), text("2")]);
    assert_eq!(shown("day"), [text("2026-11-26"), text("2026-11-26"), None]);
    assert_eq!(shown("name"), [None, None, text("x")]);
    let table = place.open(None).unwrap();
    assert_eq!(scan(&table, &["day"], &[]).unwrap().num_rows(), 3);
}

#[test]
fn deleted_rows_are_left_out_wherever_reading_begins() {
    let place = Place::new();
    let mut add = place.add("1.parquet", &[("id", longs(0..10))]);
    place.delete(&mut add, &[0, 4, 5, 9]);
    place.commit(0, &[protocol(&["deletionVectors"]), only_ids(), add]);
    let table = place.open(None).unwrap();
    assert_eq!(table.n_rows(Shard::ALL), RowCount::Exact(6));
    assert_eq!(place.ids(None).unwrap(), [1, 2, 3, 6, 7, 8]);
    let options = ScanOptions {
        columns: vec!["id".to_owned()],
        max_rows: 4,
        max_bytes: 1 << 20,
        predicate: Vec::new(),
        skip_rows: 2,
        limit: Some(5),
    };
    let found = table.scan(Shard::ALL, &options).unwrap().flat_map(|rows| ids(&rows.unwrap().batch));
    assert_eq!(found.collect::<Vec<_>>(), [3, 6, 7]);
}

#[test]
fn columns_are_found_by_the_names_that_files_have() {
    let place = Place::new();
    let notes =
        |id: i64, name: &str| json!({"delta.columnMapping.id": id, "delta.columnMapping.physicalName": name});
    let columns = [("id", "long", notes(1, "col-1")), ("price €", "long", notes(2, "col-2"))];
    let add = place.add("1.parquet", &[("col-2", longs(100..103)), ("col-1", longs(0..3))]);
    let configuration = json!({"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "2"});
    place.commit(0, &[protocol(&["columnMapping"]), metadata(&columns, &[], &configuration), add]);
    let rows = place.rows(None).unwrap();
    assert_eq!(rows.schema().field(1).metadata().len(), 0);
    assert_eq!(rows["price €"].as_primitive::<Int64Type>().values(), &[100, 101, 102]);
    assert_eq!(ids(&rows), [0, 1, 2]);
}

#[test]
fn files_from_before_a_type_was_widened_are_widened() {
    let place = Place::new();
    let (old, new) = (
        place.add("1.parquet", &[("id", integers(0..2))]),
        place.add("2.parquet", &[("id", longs(5_000_000_000..5_000_000_001))]),
    );
    let notes = json!({"delta.typeChanges": [{"fromType": "integer", "toType": "long"}]});
    let columns = metadata(&[("id", "long", notes)], &[], &json!({"delta.enableTypeWidening": "true"}));
    place.commit(0, &[protocol(&["typeWidening"]), columns, old, new]);
    assert_eq!(place.ids(None).unwrap(), [0, 1, 5_000_000_000]);
}

#[test]
fn columns_are_found_by_the_numbers_that_files_have() {
    let place = Place::new();
    let notes =
        |id: i64, name: &str| json!({"delta.columnMapping.id": id, "delta.columnMapping.physicalName": name});
    let columns = [("id", "long", notes(1, "col-1")), ("price", "long", notes(2, "col-2"))];
    let numbered = |name: &str, number: &str| {
        let notes = [("PARQUET:field_id".to_owned(), number.to_owned())];
        Field::new(name, DataType::Int64, true).with_metadata(notes.into())
    };
    // Names say nothing in this mode: here, they say the opposite.
    let schema = Schema::new(vec![numbered("col-1", "2"), numbered("col-2", "1")]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![longs(100..103), longs(0..3)]).unwrap();
    let mut add = place.add_batch("1.parquet", &batch);
    add["add"]["stats"] = json!(r#"{"numRecords": 3, "minValues": {"col-1": 0}, "maxValues": {"col-1": 2}}"#);
    let configuration = json!({"delta.columnMapping.mode": "id", "delta.columnMapping.maxColumnId": "2"});
    place.commit(0, &[protocol(&["columnMapping"]), metadata(&columns, &[], &configuration), add]);
    let rows = place.rows(None).unwrap();
    assert_eq!(rows["price"].as_primitive::<Int64Type>().values(), &[100, 101, 102]);
    assert_eq!(ids(&rows), [0, 1, 2]);
    let table = place.open(None).unwrap();
    assert_eq!(ids(&scan(&table, &["id"], &["id >= 1", "price < 102"]).unwrap()), [1]);
    assert!(scan(&table, &["id"], &["id > 2"]).unwrap().num_rows() == 0);
}

#[test]
fn a_partition_with_an_empty_value_is_null() {
    let place = Place::new();
    let columns =
        [("id", "long", json!({})), ("place", "string", json!({})), ("number", "integer", json!({}))];
    let mut actions = vec![plain_protocol(), metadata(&columns, &["place", "number"], &json!({}))];
    let values = [(json!(""), json!("")), (json!(null), json!(null)), (json!("x"), json!("7"))];
    for (number, (text, whole)) in (0..).zip(values) {
        let mut add = place.add(&format!("{number}.parquet"), &[("id", longs(number..number + 1))]);
        add["add"]["partitionValues"] = json!({"place": text, "number": whole});
        actions.push(add);
    }
    place.commit(0, &actions);
    let rows = place.rows(None).unwrap();
    assert_eq!((rows["place"].null_count(), rows["number"].null_count()), (2, 2));
    let table = place.open(None).unwrap();
    let found = |predicate: &str| ids(&scan(&table, &["id"], &[predicate]).unwrap());
    assert_eq!((found("place is null"), found("place is not null")), (vec![0, 1], vec![2]));
    assert_eq!((found("number is null"), found("number is not null")), (vec![0, 1], vec![2]));
    assert_eq!((found("place != y"), found("place < a")), (vec![2], vec![]));
}

#[test]
fn numbers_and_days_are_widened_to_every_type_that_takes_them() {
    let place = Place::new();
    let small = |kind: &DataType| arrow::compute::cast(&longs(1..2), kind).unwrap();
    let decimal = arrow::compute::cast(&longs(1..2), &DataType::Decimal128(4, 1)).unwrap();
    let columns: Vec<(&str, ArrayRef, &str, &str)> = vec![
        ("id", small(&DataType::Int8), "byte", "long"),
        ("short", small(&DataType::Int16), "short", "integer"),
        ("float", small(&DataType::Float32), "float", "double"),
        ("whole", small(&DataType::Int32), "integer", "double"),
        ("decimal", decimal, "decimal(4,1)", "decimal(12,3)"),
        ("day", small(&DataType::Int32), "date", "timestamp_ntz"),
    ];
    let days = arrow::compute::cast(&columns[5].1, &DataType::Date32).unwrap();
    let mut written: Vec<(&str, ArrayRef)> =
        columns.iter().map(|(name, column, ..)| (*name, Arc::clone(column))).collect();
    written[5].1 = days;
    let add = place.add("1.parquet", &written);
    let notes = |from: &str, to: &str| json!({"delta.typeChanges": [{"fromType": from, "toType": to}]});
    let widened: Vec<_> = columns.iter().map(|(name, _, from, to)| (*name, *to, notes(from, to))).collect();
    let configuration = json!({"delta.enableTypeWidening": "true"});
    place.commit(
        0,
        &[protocol(&["typeWidening", "timestampNtz"]), metadata(&widened, &[], &configuration), add],
    );
    let rows = place.rows(None).unwrap();
    let texts = forebay_lake::row_as_texts(&rows).unwrap();
    let texts: Vec<&str> = texts.iter().map(|text| text.as_deref().unwrap()).collect();
    assert_eq!(texts, ["1", "1", "1.0", "1.0", "1.000", "1970-01-02T00:00:00"]);
}

#[test]
fn times_keep_whether_they_have_a_zone() {
    let place = Place::new();
    let micros =
        || arrow::compute::cast(&longs(7..8), &DataType::Timestamp(TimeUnit::Microsecond, None)).unwrap();
    let zoned =
        arrow::compute::cast(&longs(7..8), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    let add = place.add("1.parquet", &[("local", micros()), ("utc", zoned.unwrap())]);
    let columns = [("local", "timestamp_ntz", json!({})), ("utc", "timestamp", json!({}))];
    place.commit(0, &[protocol(&["timestampNtz"]), metadata(&columns, &[], &json!({})), add]);
    let rows = place.rows(None).unwrap();
    assert_eq!(rows["local"].data_type(), &DataType::Timestamp(TimeUnit::Microsecond, None));
    assert_eq!(rows["utc"].data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    assert_eq!(rows["utc"].as_primitive::<TimestampMicrosecondType>().value(0), 7);
}

#[test]
fn a_table_without_files_has_columns_and_no_rows() {
    let place = Place::new();
    place.commit(0, &[plain_protocol(), only_ids()]);
    let table = place.open(None).unwrap();
    assert_eq!((table.schema().fields().len(), table.n_rows(Shard::ALL)), (1, RowCount::Exact(0)));
    assert!(place.ids(None).unwrap().is_empty());
}

#[test]
fn the_history_tells_who_committed_what() {
    let place = Place::new();
    let add = place.add("1.parquet", &[("id", longs(0..1))]);
    let info = json!({"commitInfo": {"timestamp": 5, "operation": "WRITE", "engineInfo": "x/1",
        "operationParameters": {"mode": "Append", "n": 3}}});
    place.commit(0, &[plain_protocol(), only_ids()]);
    place.commit(1, &[info, add]);
    let uri = place.folder.path().to_str().unwrap();
    let commits = Commit::last(&place.lake(), uri, 10).unwrap();
    assert_eq!(commits.iter().map(|commit| commit.version).collect::<Vec<_>>(), [1, 0]);
    let parameters = [("mode".to_owned(), "Append".to_owned()), ("n".to_owned(), "3".to_owned())];
    let expected = Commit {
        version: 1,
        time_ms: Some(5),
        operation: Some("WRITE".to_owned()),
        parameters: parameters.into(),
        engine: Some("x/1".to_owned()),
        user: None,
        n_added: 1,
        n_removed: 0,
    };
    assert_eq!(commits[0], expected);
    assert_eq!(Commit::last(&place.lake(), uri, 1).unwrap().len(), 1);
    let missing = Commit::last(&place.lake(), "/nowhere", 1).unwrap_err();
    assert_eq!(missing.to_string(), "'/nowhere' cannot be used: it is no Delta table with commits");
}
