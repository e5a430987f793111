//! A predicate gives the rows for which it holds, and files that have none are not even opened.

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use forebay_lake::TableOptions;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use crate::fixture::{Place, ids, longs, metadata, only_ids, plain_protocol, protocol, scan};

fn with_stats(mut add: Value, min: i64, max: i64) -> Value {
    let stats =
        json!({"numRecords": 5, "minValues": {"id": min}, "maxValues": {"id": max}, "nullCount": {"id": 0}});
    add["add"]["stats"] = json!(stats.to_string());
    add
}

#[test]
fn files_are_chosen_by_partitions_and_statistics() {
    let place = Place::new();
    let columns = [("id", "long", json!({})), ("place", "string", json!({}))];
    let mut actions = vec![plain_protocol(), metadata(&columns, &["place"], &json!({}))];
    for (name, start, origin) in [("1.parquet", 0, "JFK"), ("2.parquet", 5, "JFK"), ("3.parquet", 10, "LGA")]
    {
        let mut add = with_stats(place.add(name, &[("id", longs(start..start + 5))]), start, start + 4);
        add["add"]["partitionValues"]["place"] = json!(origin);
        actions.push(add);
    }
    place.commit(0, &actions);
    let table = place.open(None).unwrap();
    let found = |predicate: &[&str]| ids(&scan(&table, &["id"], predicate).unwrap());
    assert_eq!(found(&["id >= 4", "id < 11"]), (4..11).collect::<Vec<_>>());
    assert_eq!(found(&["id != 4", "place = JFK"]), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
    // Without these two files, what needs only the other one can still be read.
    fs::remove_file(place.folder.path().join("1.parquet")).unwrap();
    fs::remove_file(place.folder.path().join("3.parquet")).unwrap();
    assert_eq!(found(&["id >= 6", "place = JFK"]), [6, 7, 8, 9]);
    assert!(scan(&table, &["id"], &["id >= 4", "place = JFK"]).is_err());
    assert!(scan(&table, &["id"], &["id >= 6"]).is_err());
}

#[test]
fn a_predicate_on_a_partition_leaves_no_row_group_out() {
    let place = Place::new();
    let columns = [("id", "long", json!({})), ("place", "string", json!({})), ("late", "long", json!({}))];
    let mut add = place.add("1.parquet", &[("id", longs(0..5))]);
    add["add"]["partitionValues"]["place"] = json!("JFK");
    place.commit(0, &[plain_protocol(), metadata(&columns, &["place"], &json!({})), add]);
    let table = place.open(None).unwrap();
    let n_rows = |predicate: &str| scan(&table, &["id"], &[predicate]).unwrap().num_rows();
    assert_eq!((n_rows("place = JFK"), n_rows("place != JFK"), n_rows("place is not null")), (5, 0, 5));
    // A column that the file does not have is null.
    assert_eq!((n_rows("late is null"), n_rows("late is not null"), n_rows("late > 1")), (5, 0, 0));
}

#[test]
fn deleted_rows_stay_deleted_under_a_predicate() {
    let place = Place::new();
    let mut add = with_stats(place.add("1.parquet", &[("id", longs(0..5))]), 0, 4);
    place.delete(&mut add, &[1, 3]);
    let columns = [("id", "long", json!({}))];
    place.commit(0, &[protocol(&["deletionVectors"]), metadata(&columns, &[], &json!({})), add]);
    let table = place.open(None).unwrap();
    assert_eq!(ids(&scan(&table, &["id"], &["id >= 1"]).unwrap()), [2, 4]);
}

/// A file of row groups of four rows each, the first of which cannot be read.
fn row_groups(place: &Place, ids: std::ops::Range<i64>) -> Value {
    let batch = RecordBatch::try_from_iter_with_nullable([("id", longs(ids), true)]).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(4)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes[4..40].fill(0xff);
    fs::write(place.folder.path().join("1.parquet"), &bytes).unwrap();
    json!({"add": {"path": "1.parquet", "partitionValues": {}, "size": bytes.len(), "modificationTime": 0,
        "dataChange": true, "stats": json!({"numRecords": batch.num_rows()}).to_string()}})
}

#[test]
fn row_groups_are_left_out_of_files_with_deleted_rows() {
    let place = Place::new();
    let mut add = row_groups(&place, 0..20);
    place.delete(&mut add, &[1, 5, 10, 11, 19]);
    place.commit(0, &[protocol(&["deletionVectors"]), only_ids(), add.clone()]);
    let table = place.open(None).unwrap();
    let found = |predicate: &[&str]| scan(&table, &["id"], predicate).map(|rows| ids(&rows));
    assert_eq!(found(&["id >= 9"]).unwrap(), [9, 12, 13, 14, 15, 16, 17, 18]);
    assert_eq!(found(&["id >= 5", "id <= 6"]).unwrap(), [6]);
    assert!(found(&["id = 19"]).unwrap().is_empty());
    // The first row group cannot be read.
    assert!(found(&["id > 2"]).is_err());
    assert!(found(&[]).is_err());
    // Where nobody says that the marks fit the file, all of it is read.
    add["add"]["stats"] = json!(null);
    place.commit(1, &[add]);
    let table = place.open(None).unwrap();
    assert!(scan(&table, &["id"], &["id >= 9"]).is_err());
}

#[test]
fn zeros_of_either_sign_are_found_and_nan_is_not() {
    let place = Place::new();
    let values: ArrayRef = Arc::new(Float64Array::from(vec![Some(-0.0), Some(f64::NAN), None, Some(-1.0)]));
    let mut add = place.add("1.parquet", &[("id", longs(0..4)), ("x", values)]);
    let stats =
        json!({"numRecords": 4, "minValues": {"x": -1.0}, "maxValues": {"x": -0.0}, "nullCount": {"x": 1}});
    add["add"]["stats"] = json!(stats.to_string());
    let columns = [("id", "long", json!({})), ("x", "double", json!({}))];
    place.commit(0, &[plain_protocol(), metadata(&columns, &[], &json!({})), add]);
    let table = place.open(None).unwrap();
    let found = |predicate: &str| ids(&scan(&table, &["id"], &[predicate]).unwrap());
    assert_eq!((found("x >= 0"), found("x = 0"), found("x > -5")), (vec![0], vec![0], vec![0, 3]));
}

#[test]
fn a_predicate_finds_the_same_rows_of_plain_files() {
    let place = Place::new();
    let names: ArrayRef =
        Arc::new((0..10).map(|n| (n != 3).then(|| format!("n{n}"))).collect::<StringArray>());
    place.add("1.parquet", &[("id", longs(0..10)), ("name", names)]);
    fs::write(place.folder.path().join("2.csv"), "id,name\n1,n1\n7,n7\n8,\n").unwrap();
    let open = |name: &str| {
        let path = place.folder.path().join(name);
        let table =
            forebay_lake::Table::open(&place.lake(), path.to_str().unwrap(), &TableOptions::default());
        Arc::new(table.unwrap())
    };
    let found = |name: &str, predicate: &[&str]| ids(&scan(&open(name), &["id"], predicate).unwrap());
    assert_eq!(found("1.parquet", &["id > 2", "name <= n7"]), [4, 5, 6, 7]);
    assert_eq!(found("1.parquet", &["name is null"]), [3]);
    assert!(found("1.parquet", &["id > 9"]).is_empty());
    assert_eq!(found("2.csv", &["id > 2", "name is not null"]), [7]);
    let wrong = scan(&open("1.parquet"), &["id"], &["id = x"]).unwrap_err().to_string();
    assert!(wrong.ends_with("column 'id' is Int64 and cannot be compared with 'x'"), "{wrong}");
}
