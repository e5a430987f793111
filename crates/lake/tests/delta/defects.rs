//! Tables that are not what their logs say: an error that names what is wrong, or the right rows.

use std::fs;

use forebay_lake::{AsOf, Format, Table, TableOptions};
use serde_json::json;

use crate::fixture::{Place, longs, metadata, only_ids, plain_protocol, protocol};

/// A table of two files with ten rows.
fn sound() -> Place {
    let place = Place::new();
    let add = place.add("1.parquet", &[("id", longs(0..5))]);
    place.commit(0, &[plain_protocol(), only_ids(), add]);
    let add = place.add("2.parquet", &[("id", longs(5..10))]);
    place.commit(1, &[add]);
    place
}

/// Why a table cannot be read, which names the table.
fn told(place: &Place) -> String {
    let told = place.ids(None).unwrap_err();
    assert!(told.contains(&place.folder.path().canonicalize().unwrap().display().to_string()), "{told}");
    told
}

#[test]
fn a_missing_file_is_named() {
    let place = sound();
    fs::remove_file(place.folder.path().join("2.parquet")).unwrap();
    assert!(told(&place).contains("2.parquet"));
    assert_eq!(place.ids(Some(AsOf::Version(0))).unwrap().len(), 5);
}

#[test]
fn a_file_that_is_cut_off_is_named() {
    let place = sound();
    let path = place.folder.path().join("2.parquet");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(told(&place).contains("2.parquet"));
}

#[test]
fn a_torn_commit_is_an_error_and_the_version_before_is_not() {
    let place = sound();
    let add = place.add("3.parquet", &[("id", longs(10..15))]).to_string();
    place.write_log("00000000000000000002.json", &add[..add.len() - 9]);
    assert!(told(&place).contains("version 2: _delta_log/00000000000000000002.json is torn"));
    assert_eq!(place.ids(Some(AsOf::Version(1))).unwrap().len(), 10);
}

#[test]
fn a_hole_in_the_log_is_an_error() {
    let place = sound();
    let add = place.add("3.parquet", &[("id", longs(10..15))]);
    place.commit(3, &[add]);
    told(&place);
}

#[test]
fn a_hint_at_a_checkpoint_that_is_not_there_is_ignored_where_all_commits_are() {
    let place = sound();
    place.write_log("_last_checkpoint", &json!({"version": 1, "size": 4}).to_string());
    assert_eq!(place.ids(None).unwrap(), (0..10).collect::<Vec<_>>());
    assert_eq!(place.ids(Some(AsOf::Version(1))).unwrap().len(), 10);
    // There was a third version once.
    place.write_log("_last_checkpoint", &json!({"version": 2, "size": 4}).to_string());
    assert!(told(&place).contains("_last_checkpoint"));
    place.write_log("_last_checkpoint", "{");
    assert_eq!(place.ids(None).unwrap().len(), 10);
}

#[test]
fn a_log_without_its_first_commits_is_an_error() {
    let place = sound();
    let add = place.add("3.parquet", &[("id", longs(10..15))]);
    // With these, what follows looks like a table of its own.
    place.commit(2, &[plain_protocol(), only_ids(), add]);
    for hint in [None, Some(json!({"version": 1, "size": 4}))] {
        if let Some(hint) = hint {
            place.write_log("_last_checkpoint", &hint.to_string());
        }
        for version in 0..2 {
            let _ = fs::remove_file(place.folder.path().join(format!("_delta_log/{version:020}.json")));
        }
        let told = told(&place);
        let expected = ["begins with 00000000000000000002.json", "_last_checkpoint"];
        assert!(expected.iter().any(|reason| told.contains(reason)), "{told}");
    }
}

#[test]
fn a_checkpoint_that_lost_a_file_is_found_by_the_checksum() {
    let place = sound();
    let checksum = |n_files: i64| {
        let columns = only_ids();
        let sizes = ["1.parquet", "2.parquet"]
            .map(|name| fs::metadata(place.folder.path().join(name)).unwrap().len());
        let checksum = json!({"tableSizeBytes": sizes.iter().sum::<u64>(), "numFiles": n_files,
            "numMetadata": 1, "numProtocol": 1, "metadata": columns["metaData"],
            "protocol": plain_protocol()["protocol"]});
        place.write_log("00000000000000000001.crc", &checksum.to_string());
    };
    checksum(2);
    assert_eq!(place.ids(None).unwrap().len(), 10);
    checksum(3);
    assert!(told(&place).contains("version 1: its checksum says 3 files"));
}

#[test]
fn a_checkpoint_that_is_none_is_an_error() {
    let place = sound();
    place.write_log("_last_checkpoint", &json!({"version": 1, "size": 4}).to_string());
    place.write_log("00000000000000000001.checkpoint.parquet", "PAR1 and nothing more");
    told(&place);
}

#[test]
fn a_feature_that_is_unknown_is_refused_by_name() {
    let place = Place::new();
    let add = place.add("1.parquet", &[("id", longs(0..5))]);
    place.commit(0, &[protocol(&["quantumRows"]), only_ids(), add]);
    assert!(told(&place).contains("quantumRows"));
    let newer = json!({"protocol": {"minReaderVersion": 4, "minWriterVersion": 7}});
    place.commit(1, &[newer]);
    told(&place);
}

#[test]
fn a_file_with_other_rows_than_the_log_says_is_named() {
    let place = Place::new();
    let mut add = place.add("1.parquet", &[("id", longs(0..5))]);
    add["add"]["stats"] = json!(r#"{"numRecords": 6}"#);
    place.commit(0, &[plain_protocol(), only_ids(), add]);
    let told = told(&place);
    assert!(told.ends_with("1.parquet: the log says that it has 6 rows, and it has 5"), "{told}");
}

#[test]
fn rows_that_are_deleted_behind_the_end_of_a_file_are_an_error() {
    let place = Place::new();
    let mut add = place.add("1.parquet", &[("id", longs(0..5))]);
    place.delete(&mut add, &[2, 7]);
    place.commit(0, &[protocol(&["deletionVectors"]), only_ids(), add]);
    assert!(told(&place).contains("1.parquet: rows are marked as deleted that it does not have"));
}

#[test]
fn deleted_rows_that_cannot_be_read_are_not_given() {
    let place = Place::new();
    let mut add = place.add("1.parquet", &[("id", longs(0..5))]);
    place.delete(&mut add, &[2]);
    place.commit(0, &[protocol(&["deletionVectors"]), only_ids(), add]);
    let path = place.folder.path().join("deleted.bin");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    told(&place);
    fs::remove_file(&path).unwrap();
    told(&place);
}

#[test]
fn a_column_of_another_type_than_the_log_says_is_an_error() {
    let place = Place::new();
    let add = place.add("1.parquet", &[("id", longs(0..5))]);
    let columns = metadata(&[("id", "date", json!({}))], &[], &json!({}));
    place.commit(0, &[plain_protocol(), columns, add]);
    assert!(told(&place).contains("1.parquet"));
}

#[test]
fn a_file_of_another_store_is_refused() {
    let place = sound();
    let mut add = place.add("3.parquet", &[("id", longs(0..5))]);
    add["add"]["path"] = json!("s3://bucket/3.parquet");
    place.commit(2, &[add]);
    assert!(told(&place).contains("'s3://bucket/3.parquet' is in another store"));
}

#[test]
fn a_table_is_neither_another_format_nor_a_version_of_plain_files() {
    let place = sound();
    let open = |name: &str, options: &TableOptions| {
        let path = place.folder.path().join(name);
        Table::open(&place.lake(), path.to_str().unwrap(), options).err().unwrap().to_string()
    };
    let csv = TableOptions { format: Some(Format::Csv), ..TableOptions::default() };
    assert!(open("", &csv).ends_with("it is a Delta table and not csv"));
    let version = TableOptions { as_of: Some(AsOf::Version(1)), ..TableOptions::default() };
    assert!(open("1.parquet", &version).ends_with("only Delta tables have versions, and it is none"));
}

#[test]
fn rows_that_are_added_while_a_version_is_read_are_not_of_it() {
    let place = sound();
    let table = place.open(None).unwrap();
    let add = place.add("3.parquet", &[("id", longs(10..15))]);
    let remove = json!({"remove": {"path": "1.parquet", "deletionTimestamp": 1, "dataChange": true}});
    place.commit(2, &[add, remove]);
    let rows = crate::fixture::scan(&table, &["id"], &[]).unwrap();
    assert_eq!(crate::fixture::ids(&rows), (0..10).collect::<Vec<_>>());
    assert_eq!(place.ids(None).unwrap(), (5..15).collect::<Vec<_>>());
}
