//! Rows become part of a table at once, and once.

use std::fs;
use std::sync::Arc;
use std::thread;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::DataType;
use forebay_lake::{Append, AsOf, Committed, Format, Once, TableWriter};
use serde_json::{Value, json};

use crate::fixture::{Place, ids, longs, metadata, only_ids, plain_protocol, scan};

fn rows(start: i64, end: i64) -> RecordBatch {
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

fn once(number: i64) -> Once {
    Once { application: "nightly".to_owned(), number }
}

/// Writes rows into a file of the table's folder, and makes it a part of the table.
fn append(place: &Place, name: &str, batch: &RecordBatch, once: Option<Once>) -> Result<Committed, String> {
    let told = |error: forebay_lake::Error| error.to_string();
    let uri = place.folder.path().join("table");
    let append = Append::to(&place.lake(), uri.to_str().unwrap(), batch.schema_ref(), once).map_err(told)?;
    let file = append.folder().create(name).map_err(told)?;
    let mut writer = TableWriter::start(file, Format::Parquet, append.schema()).map_err(told)?;
    writer.write(&append.convert(batch).map_err(told)?).map_err(told)?;
    writer.finish().map_err(told)?;
    append.commit(&[name.to_owned()]).map_err(told)
}

fn table(place: &Place, as_of: Option<AsOf>) -> Arc<forebay_lake::Table> {
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

#[test]
fn a_table_is_made_by_its_first_rows_and_takes_more() {
    let place = Place::new();
    assert_eq!(append(&place, "a.parquet", &rows(0, 5), None), Ok(Committed { version: 0, is_new: true }));
    assert_eq!(
        append(&place, "sub/b.parquet", &rows(5, 9), None),
        Ok(Committed { version: 1, is_new: true })
    );
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
    assert_eq!(
        append(&place, "a.parquet", &rows(0, 5), Some(once(3))),
        Ok(Committed { version: 0, is_new: true })
    );
    assert_eq!(
        append(&place, "again.parquet", &rows(0, 5), Some(once(3))),
        Ok(Committed { version: 0, is_new: false })
    );
    assert_eq!(
        append(&place, "b.parquet", &rows(5, 9), Some(once(4))),
        Ok(Committed { version: 1, is_new: true })
    );
    assert_eq!(
        append(&place, "late.parquet", &rows(0, 5), Some(once(3))),
        Ok(Committed { version: 1, is_new: false })
    );
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

#[test]
fn a_table_with_partitions_or_mapped_columns_takes_no_rows() {
    for (partitions, configuration, reason) in [
        (vec!["id"], json!({}), "it is divided into partitions"),
        (vec![], json!({"delta.columnMapping.mode": "name"}), "its files have other names for columns"),
    ] {
        let place = Place::new();
        let notes = json!({"delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "id"});
        let columns = metadata(
            &[
                ("id", "long", notes),
                ("x", "long", json!({"delta.columnMapping.id": 2, "delta.columnMapping.physicalName": "x"})),
            ],
            &partitions,
            &configuration,
        );
        place.commit(0, &[json!({"protocol": {"minReaderVersion": 2, "minWriterVersion": 5}}), columns]);
        let schema = rows(0, 1).project(&[0]).unwrap().schema();
        let refused =
            Append::to(&place.lake(), place.folder.path().to_str().unwrap(), &schema, None).err().unwrap();
        assert!(refused.to_string().contains(reason), "{refused}");
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
