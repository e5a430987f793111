//! Rows become part of a table at once, and once.

use std::fs;
use std::sync::Arc;
use std::thread;

use arrow::array::{ArrayRef, AsArray as _, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{DataType, Int64Type};
use forebay_lake::{Append, AsOf, Committed, Format, Once, TableWriter};
use serde_json::{Value, json};

use crate::fixture::{Place, ids, longs, metadata, only_ids, plain_protocol, scan};

pub(crate) fn rows(start: i64, end: i64) -> RecordBatch {
    let names: ArrayRef =
        Arc::new((start..end).map(|n| (n % 2 == 0).then(|| format!("n{n:02}"))).collect::<StringArray>());
    let halves: ArrayRef =
        Arc::new(Float64Array::from_iter_values((start..end).map(|n| if n == 3 { f64::NAN } else { 0.5 })));
    RecordBatch::try_from_iter_with_nullable([
        ("id", longs(start..end), true),
        ("name", names, true),
        ("half", halves, true),
    ])
    .unwrap()
}

pub(crate) fn once(number: i64) -> Once {
    Once { application: "nightly".to_owned(), number }
}

/// Writes rows into a file of the table's folder, and makes it a part of the table.
pub(crate) fn append(
    place: &Place,
    name: &str,
    batch: &RecordBatch,
    once: Option<Once>,
) -> Result<Committed, String> {
    let told = |error: forebay_lake::Error| error.to_string();
    let uri = place.folder.path().join("table");
    let append = Append::to(&place.lake(), uri.to_str().unwrap(), batch.schema_ref(), once).map_err(told)?;
    let file = append.folder().create(name).map_err(told)?;
    let mut writer = TableWriter::start(file, Format::Parquet, append.schema()).map_err(told)?;
    writer.write(&append.convert(batch).map_err(told)?).map_err(told)?;
    writer.finish().map_err(told)?;
    append.commit(&[name.to_owned()]).map_err(told)
}

pub(crate) fn table(place: &Place, as_of: Option<AsOf>) -> Arc<forebay_lake::Table> {
    let options = forebay_lake::TableOptions { as_of, ..forebay_lake::TableOptions::default() };
    Arc::new(
        forebay_lake::Table::open(
            &place.lake(),
            place.folder.path().join("table").to_str().unwrap(),
            &options,
        )
        .unwrap(),
    )
}

/// A commit after which there is nothing to remove.
pub(crate) fn committed(version: u64, is_new: bool) -> Committed {
    Committed { version, is_new, unneeded: Vec::new() }
}

#[test]
fn a_table_is_made_by_its_first_rows_and_takes_more() {
    let place = Place::new();
    assert_eq!(append(&place, "a.parquet", &rows(0, 5), None), Ok(committed(0, true)));
    assert_eq!(append(&place, "sub/b.parquet", &rows(5, 9), None), Ok(committed(1, true)));
    let all = scan(&table(&place, None), &["id"], &[]).unwrap();
    assert_eq!(ids(&all), (0..9).collect::<Vec<_>>());
    assert_eq!(
        ids(&scan(&table(&place, Some(AsOf::Version(0))), &["id"], &[]).unwrap()),
        (0..5).collect::<Vec<_>>()
    );
    // Bounds are in the log: what they leave out is not opened.
    fs::remove_file(place.folder.path().join("table/a.parquet")).unwrap();
    assert_eq!(ids(&scan(&table(&place, None), &["id"], &["id >= 7"]).unwrap()), [7, 8]);
    let commit =
        fs::read_to_string(place.folder.path().join("table/_delta_log/00000000000000000001.json")).unwrap();
    let add = commit
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|action| action["add"].is_object());
    let stats: Value = serde_json::from_str(add.unwrap()["add"]["stats"].as_str().unwrap()).unwrap();
    let expected = json!({"numRecords": 4, "nullCount": {"id": 0, "name": 2, "half": 0}, "tightBounds": true,
        "minValues": {"id": 5, "name": "n06", "half": 0.5}, "maxValues": {"id": 8, "name": "n08", "half": 0.5}});
    assert_eq!(stats, expected);
}

#[test]
fn what_is_committed_once_is_not_committed_again() {
    let place = Place::new();
    assert_eq!(append(&place, "a.parquet", &rows(0, 5), Some(once(3))), Ok(committed(0, true)));
    assert_eq!(append(&place, "again.parquet", &rows(0, 5), Some(once(3))), Ok(committed(0, false)));
    assert_eq!(append(&place, "b.parquet", &rows(5, 9), Some(once(4))), Ok(committed(1, true)));
    assert_eq!(append(&place, "late.parquet", &rows(0, 5), Some(once(3))), Ok(committed(1, false)));
    assert_eq!(ids(&scan(&table(&place, None), &["id"], &[]).unwrap()), (0..9).collect::<Vec<_>>());
}

#[test]
fn writers_at_the_same_time_all_succeed() {
    let place = Place::new();
    let mut versions: Vec<u64> = thread::scope(|scope| {
        let write = |n: i64| {
            let place = &place;
            scope.spawn(move || {
                append(place, &format!("{n}.parquet"), &rows(n * 5, n * 5 + 5), None).unwrap().version
            })
        };
        let writers: Vec<_> = (0..6).map(write).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    versions.sort_unstable();
    assert_eq!(versions, [0, 1, 2, 3, 4, 5]);
    assert_eq!(ids(&scan(&table(&place, None), &["id"], &[]).unwrap()), (0..30).collect::<Vec<_>>());
}

#[test]
fn types_that_delta_does_not_have_become_longer_ones() {
    let place = Place::new();
    let numbers: ArrayRef = Arc::new(UInt32Array::from(vec![u32::MAX]));
    let batch = RecordBatch::try_from_iter_with_nullable([("id", numbers, true)]).unwrap();
    append(&place, "a.parquet", &batch, None).unwrap();
    let rows = scan(&table(&place, None), &["id"], &[]).unwrap();
    assert_eq!((rows["id"].data_type(), ids(&rows)), (&DataType::Int64, vec![i64::from(u32::MAX)]));
}

#[test]
fn a_table_takes_only_rows_of_its_own_columns() {
    let place = Place::new();
    append(&place, "a.parquet", &rows(0, 5), None).unwrap();
    let named = |name: &str, column: ArrayRef| {
        RecordBatch::try_from_iter_with_nullable([(name, column, true)]).unwrap()
    };
    let refused = |batch: &RecordBatch| append(&place, "b.parquet", batch, None).unwrap_err();
    assert!(refused(&named("other", longs(0..1))).ends_with("version 0: it has no column 'other'"));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    assert!(refused(&named("id", text)).ends_with("its column 'id' is Int64, and not Utf8"));
    assert!(!place.folder.path().join("table/b.parquet").exists());
    append(&place, "c.parquet", &named("id", longs(5..6)), None).unwrap();
    assert_eq!(ids(&scan(&table(&place, None), &["id", "name"], &[]).unwrap()), (0..6).collect::<Vec<_>>());
}

/// A table of `id`, `name` and `half` that is divided by some of them, in the folder that [`append`] writes to.
fn divided(place: &Place, by: &[&str], configuration: &Value, protocol: Value) {
    let columns = [("id", "long", json!({})), ("name", "string", json!({})), ("half", "double", json!({}))];
    let log = place.folder.path().join("table/_delta_log");
    fs::create_dir_all(&log).unwrap();
    let lines = [protocol, metadata(&columns, by, configuration)].map(|action| action.to_string());
    fs::write(log.join("00000000000000000000.json"), lines.join("\n")).unwrap();
}

#[test]
fn rows_go_to_the_partitions_that_they_are_of() {
    let place = Place::new();
    divided(&place, &["name", "half"], &json!({}), plain_protocol());
    assert_eq!(
        append(&place, "sub/a.parquet", &rows(0, 6), Some(once(1))),
        Ok(Committed { version: 1, is_new: true, unneeded: vec!["sub/a.parquet".to_owned()] })
    );
    // Nothing is written again for what is there.
    let written = place.folder.path().join("table/name=n00/half=0.5/sub-a-0.parquet");
    fs::remove_file(&written).unwrap();
    assert_eq!(append(&place, "sub/a.parquet", &rows(0, 6), Some(once(1))), Ok(committed(1, false)));
    assert!(!written.exists());
    assert_eq!(
        append(&place, "b.parquet", &rows(6, 8), Some(once(2))),
        Ok(Committed { version: 2, is_new: true, unneeded: vec!["b.parquet".to_owned()] })
    );
    let table = table(&place, None);
    assert_eq!(table.files().len(), 7);
    // The first file has the rows of n00 only.
    assert!(scan(&table, &["id"], &["id < 1"]).is_err());
    assert_eq!(ids(&scan(&table, &["id"], &["name is null"]).unwrap()), [1, 3, 5, 7]);
    assert_eq!(ids(&scan(&table, &["id"], &["name > n01", "half = 0.5"]).unwrap()), [2, 4, 6]);
    let found = scan(&table, &["id", "name", "half"], &["id >= 3", "id < 5"]).unwrap();
    assert_eq!(ids(&found), [3, 4]);
    let commit =
        fs::read_to_string(place.folder.path().join("table/_delta_log/00000000000000000002.json")).unwrap();
    let adds: Vec<Value> = commit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let add = adds.iter().find(|action| action["add"]["partitionValues"]["name"] == json!("n06")).unwrap();
    assert_eq!(add["add"]["partitionValues"], json!({"name": "n06", "half": "0.5"}));
    let stats: Value = serde_json::from_str(add["add"]["stats"].as_str().unwrap()).unwrap();
    assert_eq!((&stats["numRecords"], &stats["minValues"]), (&json!(1), &json!({"id": 6})));
}

#[test]
fn a_commit_that_fails_leaves_no_file_behind() {
    let place = Place::new();
    divided(&place, &["name"], &json!({}), plain_protocol());
    let uri = place.folder.path().join("table");
    let rows = rows(0, 6);
    let append = Append::to(&place.lake(), uri.to_str().unwrap(), rows.schema_ref(), None).unwrap();
    let mut writer =
        TableWriter::start(append.folder().create("a.parquet").unwrap(), Format::Parquet, append.schema())
            .unwrap();
    writer.write(&append.convert(&rows).unwrap()).unwrap();
    writer.finish().unwrap();
    // There is a file where the folder of a partition should be.
    fs::write(uri.join("name=n04"), "").unwrap();
    assert!(append.commit(&["a.parquet".to_owned()]).is_err());
    let left = |folder: &std::path::Path| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|it| it == "parquet")).count()
    };
    let folders = fs::read_dir(&uri).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    assert_eq!(left(&uri) + folders.map(|folder| left(&folder)).sum::<usize>(), 0);
}

#[test]
fn more_partitions_than_are_written_at_the_same_time_are_all_written() {
    let place = Place::new();
    divided(&place, &["id"], &json!({}), plain_protocol());
    append(&place, "a.parquet", &rows(0, 100), None).unwrap();
    let table = table(&place, None);
    assert_eq!((table.files().len(), ids(&scan(&table, &["id"], &[]).unwrap())), (100, (0..100).collect()));
    assert_eq!(ids(&scan(&table, &["id"], &["id >= 97"]).unwrap()), [97, 98, 99]);
}

#[test]
fn a_table_takes_no_rows_that_do_not_tell_their_partition() {
    let place = Place::new();
    divided(&place, &["name"], &json!({}), plain_protocol());
    let refused = append(&place, "a.parquet", &rows(0, 3).project(&[0, 2]).unwrap(), None).unwrap_err();
    assert!(
        refused.ends_with("version 0: it is divided by its column 'name', which is missing"),
        "{refused}"
    );
    let refused = append(&place, "a.parquet", &rows(0, 3).project(&[1]).unwrap(), None).unwrap_err();
    assert!(refused.contains("it is divided by all columns that there are"), "{refused}");
}

#[test]
fn a_table_whose_features_we_cannot_write_is_refused_by_their_names() {
    let older = |version: i64| json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": version}});
    let listed = |name: &str| json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": [name]}});
    let constrained = json!({"delta.constraints.positive": "id > 0"});
    for (configuration, protocol, reason) in [
        (constrained.clone(), older(3), "checkConstraints"),
        (constrained, older(6), "checkConstraints"),
        (json!({}), listed("checkConstraints"), "checkConstraints"),
        (json!({}), listed("quantumRows"), "quantumRows"),
    ] {
        let place = Place::new();
        divided(&place, &[], &configuration, protocol);
        let refused = append(&place, "a.parquet", &rows(0, 1), None).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
        assert!(!place.folder.path().join("table/a.parquet").exists());
    }
}

#[test]
fn rows_of_a_table_that_lost_its_log_are_not_taken_for_it() {
    let place = Place::new();
    place.commit(0, &[plain_protocol(), only_ids()]);
    fs::write(place.folder.path().join("_delta_log/00000000000000000000.json"), "{").unwrap();
    let schema = rows(0, 1).project(&[0]).unwrap().schema();
    assert!(Append::to(&place.lake(), place.folder.path().to_str().unwrap(), &schema, None).is_err());
}

#[test]
fn values_of_partitions_come_back_as_they_went() {
    let place = Place::new();
    divided(&place, &["name"], &json!({}), plain_protocol());
    let values = ["a b/c=%41 \u{20ac}", "", "../x", "x__HIVE_DEFAULT_PARTITION__", "?#:"];
    let names: ArrayRef = Arc::new(values.iter().copied().map(Some).chain([None]).collect::<StringArray>());
    let batch = RecordBatch::try_from_iter_with_nullable([("id", longs(0..6), true), ("name", names, true)]);
    append(&place, "a.parquet", &batch.unwrap(), None).unwrap();
    let table = table(&place, None);
    let found = scan(&table, &["id", "name"], &["id >= 0"]).unwrap();
    let numbers = found["id"].as_primitive::<Int64Type>().values().to_vec();
    let mut found: Vec<_> = numbers.into_iter().zip(found["name"].as_string::<i32>()).collect();
    found.sort_unstable();
    // An empty text is null in the log of a table.
    let expected = values.map(|text| Some(text).filter(|text| !text.is_empty())).into_iter().chain([None]);
    assert_eq!(found, (0..).zip(expected).collect::<Vec<_>>());
    assert_eq!(ids(&scan(&table, &["id"], &["name = ../x"]).unwrap()), [2]);
    assert!(!place.folder.path().join("x").exists());
}

#[test]
fn a_column_that_takes_no_nulls_takes_rows_without_any() {
    let place = Place::new();
    let mut metadata = metadata(&[("id", "long", json!({})), ("name", "string", json!({}))], &[], &json!({}));
    let schema = metadata["metaData"]["schemaString"].as_str().unwrap().replacen("true", "false", 1);
    assert_eq!(schema.matches("\"nullable\":false").count(), 1);
    metadata["metaData"]["schemaString"] = json!(schema);
    let table = place.folder.path().join("table/_delta_log");
    fs::create_dir_all(&table).unwrap();
    let log = [plain_protocol(), metadata].map(|action| action.to_string());
    fs::write(table.join("00000000000000000000.json"), log.join("\n")).unwrap();
    let rows = |ids: &[Option<i64>]| {
        let names: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; ids.len()]));
        let ids: ArrayRef = Arc::new(arrow::array::Int64Array::from(ids.to_vec()));
        RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("name", names, true)]).unwrap()
    };
    assert!(append(&place, "a.parquet", &rows(&[Some(1), Some(2)]), None).unwrap().is_new);
    let told = append(&place, "b.parquet", &rows(&[Some(3), None]), None).unwrap_err();
    assert!(told.contains("its column 'id' takes no nulls, and a row has one"), "{told}");
}
