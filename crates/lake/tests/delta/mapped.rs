//! Rows for tables with mapped columns: files and the log have the names and the numbers that never change.

use std::fs::{self, File};
use std::sync::Arc;
use std::thread;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use forebay_lake::{Append, Committed, Format, TableWriter};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::append::{append, committed, once, rows, table};
use crate::fixture::{Place, ids, longs, metadata, protocol, scan};

fn notes(id: i64, name: &str) -> Value {
    json!({"delta.columnMapping.id": id, "delta.columnMapping.physicalName": name})
}

fn configuration(mode: &str) -> Value {
    json!({"delta.columnMapping.mode": mode, "delta.columnMapping.maxColumnId": "9"})
}

/// Both ways in which a protocol says that columns are mapped.
fn protocols() -> [Value; 2] {
    [json!({"protocol": {"minReaderVersion": 2, "minWriterVersion": 5}}), protocol(&["columnMapping"])]
}

fn write_log(place: &Place, version: u64, actions: &[Value]) {
    let log = place.folder.path().join("table/_delta_log");
    fs::create_dir_all(&log).unwrap();
    let lines: Vec<String> = actions.iter().map(ToString::to_string).collect();
    fs::write(log.join(format!("{version:020}.json")), lines.join("\n")).unwrap();
}

/// A table of `id`, `name` and `half`.
fn made(place: &Place, mode: &str, by: &[&str], protocol: Value) {
    let columns =
        [("id", "long", notes(1, "a")), ("name", "string", notes(2, "b")), ("half", "double", notes(3, "c"))];
    write_log(place, 0, &[protocol, metadata(&columns, by, &configuration(mode))]);
}

fn adds(place: &Place, version: u64) -> Vec<Value> {
    let log = place.folder.path().join(format!("table/_delta_log/{version:020}.json"));
    let lines = fs::read_to_string(log).unwrap();
    let actions = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    actions.filter(|action| action["add"].is_object()).map(|action| action["add"].clone()).collect()
}

/// The columns of a file with their numbers.
fn numbered(place: &Place, file: &str) -> Vec<(String, i32)> {
    let file = File::open(place.folder.path().join("table").join(file)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let columns = reader.parquet_schema().root_schema().get_fields().to_vec();
    columns.iter().map(|column| (column.name().to_owned(), column.get_basic_info().id())).collect()
}

#[test]
fn files_have_the_names_and_numbers_that_columns_are_mapped_to() {
    for (mode, protocol) in ["name", "id"].into_iter().flat_map(|mode| protocols().map(|it| (mode, it))) {
        let place = Place::new();
        made(&place, mode, &[], protocol);
        assert_eq!(append(&place, "a.parquet", &rows(0, 5), Some(once(1))), Ok(committed(1, true)));
        assert_eq!(append(&place, "b.parquet", &rows(5, 9), None), Ok(committed(2, true)));
        assert_eq!(numbered(&place, "a.parquet"), [("a".into(), 1), ("b".into(), 2), ("c".into(), 3)]);
        let stats: Value = serde_json::from_str(adds(&place, 2)[0]["stats"].as_str().unwrap()).unwrap();
        let expected = json!({"numRecords": 4, "nullCount": {"a": 0, "b": 2, "c": 0}, "tightBounds": true,
            "minValues": {"a": 5, "b": "n06", "c": 0.5}, "maxValues": {"a": 8, "b": "n08", "c": 0.5}});
        assert_eq!(stats, expected);
        // Bounds are in the log: what they leave out is not opened.
        fs::remove_file(place.folder.path().join("table/a.parquet")).unwrap();
        let found = scan(&table(&place, None), &["id", "name"], &["id >= 7"]).unwrap();
        assert_eq!((ids(&found), found["name"].as_string::<i32>().value(1)), (vec![7, 8], "n08"));
    }
}

#[test]
fn rows_go_to_the_partitions_of_mapped_columns() {
    for mode in ["name", "id"] {
        let place = Place::new();
        made(&place, mode, &["name", "half"], protocol(&["columnMapping"]));
        let expected = Committed { version: 1, is_new: true, unneeded: vec!["sub/a.parquet".to_owned()] };
        assert_eq!(append(&place, "sub/a.parquet", &rows(0, 6), Some(once(1))), Ok(expected));
        let of_first = &adds(&place, 1)[0];
        assert_eq!(of_first["partitionValues"], json!({"b": "n00", "c": "0.5"}));
        assert_eq!(numbered(&place, of_first["path"].as_str().unwrap()), [("a".into(), 1)]);
        let table = table(&place, None);
        assert_eq!(ids(&scan(&table, &["id"], &["name is null"]).unwrap()), [1, 3, 5]);
        assert_eq!(ids(&scan(&table, &["id"], &["name > n01", "half = 0.5"]).unwrap()), [2, 4]);
    }
}

#[test]
fn the_same_file_of_a_mapped_table_is_divided_into_the_same_ones() {
    let place = Place::new();
    made(&place, "name", &["name"], protocol(&["columnMapping"]));
    let paths = |version| -> Vec<String> {
        adds(&place, version).iter().map(|add| add["path"].as_str().unwrap().to_owned()).collect()
    };
    append(&place, "a.parquet", &rows(0, 6), None).unwrap();
    append(&place, "a.parquet", &rows(0, 6), None).unwrap();
    assert_eq!(paths(1), paths(2));
}

#[test]
fn parts_of_mapped_columns_are_mapped_too() {
    let item = |name: &str, id: i64| json!({"name": name, "type": "long", "nullable": true, "metadata": notes(id, &format!("p{id}"))});
    let object = json!({"type": "struct", "fields": [item("x", 2), item("y", 3)]});
    let list = json!({"type": "array", "elementType": object, "containsNull": true});
    let mut metadata = metadata(&[("id", "long", notes(5, "p5"))], &[], &configuration("name"));
    let object = json!({"name": "pairs", "type": list, "nullable": true, "metadata": notes(1, "p1")});
    let mut schema: Value =
        serde_json::from_str(metadata["metaData"]["schemaString"].as_str().unwrap()).unwrap();
    schema["fields"].as_array_mut().unwrap().push(object);
    metadata["metaData"]["schemaString"] = json!(schema.to_string());
    let place = Place::new();
    write_log(&place, 0, &[protocol(&["columnMapping"]), metadata]);
    let fields =
        Fields::from(vec![Field::new("x", DataType::Int64, true), Field::new("y", DataType::Int64, true)]);
    let pairs = StructArray::new(fields.clone(), vec![longs(0..4), longs(10..14)], None);
    let item = Arc::new(Field::new("item", DataType::Struct(fields), true));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([3, 1]);
    let pairs: ArrayRef = Arc::new(ListArray::new(item, offsets, Arc::new(pairs), None));
    let batch = RecordBatch::try_from_iter_with_nullable([("id", longs(0..2), true), ("pairs", pairs, true)]);
    append(&place, "a.parquet", &batch.unwrap(), None).unwrap();
    let found = scan(&table(&place, None), &["id", "pairs"], &[]).unwrap();
    let pairs = found["pairs"].as_list::<i32>().value(1);
    let part = |name: &str| pairs.as_struct()[name].as_primitive::<Int64Type>().value(0);
    assert_eq!((part("x"), part("y")), (3, 13));
}

#[test]
fn a_column_that_got_another_name_in_files_meanwhile_is_told() {
    let place = Place::new();
    made(&place, "name", &[], protocol(&["columnMapping"]));
    let (uri, rows) = (place.folder.path().join("table"), rows(0, 2));
    let prepare =
        || Append::to(&place.lake(), uri.to_str().unwrap(), rows.schema_ref(), Some(once(1))).unwrap();
    let begun = prepare();
    let file = begun.folder().create("a.parquet").unwrap();
    let mut writer = TableWriter::start(file, Format::Parquet, begun.schema()).unwrap();
    writer.write(&begun.convert(&rows).unwrap()).unwrap();
    writer.finish().unwrap();
    // Somebody drops a column, and makes another one of the same name.
    let columns =
        [("id", "long", notes(1, "a")), ("name", "string", notes(4, "d")), ("half", "double", notes(3, "c"))];
    write_log(&place, 1, &[metadata(&columns, &[], &configuration("name"))]);
    let told = begun.commit(&["a.parquet".to_owned()]).unwrap_err().to_string();
    assert!(
        told.ends_with("version 1: what it is divided by, or what files call its columns, has just changed"),
        "{told}"
    );
    let told = prepare().commit(&["a.parquet".to_owned()]).unwrap_err().to_string();
    assert!(told.ends_with("a.parquet: its column 'b' is none that files of the table have now"), "{told}");
}

#[test]
fn writers_of_mapped_partitions_at_the_same_time_all_succeed() {
    let place = Place::new();
    made(&place, "id", &["name"], protocol(&["columnMapping"]));
    let mut versions: Vec<u64> = thread::scope(|scope| {
        let write = |n: i64| {
            let place = &place;
            let names: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
            let numbers: ArrayRef = Arc::new(Int64Array::from(vec![n * 2, n * 2 + 1]));
            let rows =
                RecordBatch::try_from_iter_with_nullable([("id", numbers, true), ("name", names, true)]);
            scope.spawn(move || append(place, &format!("{n}.parquet"), &rows.unwrap(), None).unwrap().version)
        };
        let writers: Vec<_> = (0..6).map(write).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    assert_eq!(ids(&scan(&table(&place, None), &["id"], &["name = y"]).unwrap()), [1, 3, 5, 7, 9, 11]);
}
