//! Tables are read as they were written, in every format, whole, in shares and from the middle.
#![expect(clippy::unwrap_used, reason = "this crate is a test, and its functions are parts of tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, LargeStringArray, ListArray,
    NullArray, RecordBatch, StringArray, UInt8Array,
};
use arrow::compute::concat_batches;
use arrow::datatypes::UInt32Type;
use forebay_lake::{
    Comparison, Defect, Error, Format, Lake, NewFile, Operator, RowCount, ScanOptions, Shard, Table,
    TableOptions, TableWriter,
};

const FORMATS: [Format; 5] =
    [Format::Parquet, Format::Csv, Format::JsonLines, Format::ArrowFile, Format::ArrowStream];

fn lake(runtime: &tokio::runtime::Runtime) -> Lake {
    Lake::local(runtime.handle().clone())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn rows(start: i64, end: i64) -> RecordBatch {
    let ids: Vec<i64> = (start..end).collect();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let values = ids.iter().map(|id| (id % 7 != 0).then_some(*id as f64 + 0.5));
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(Int64Array::from(ids.clone())) as _, true),
        ("value", Arc::new(values.collect::<Float64Array>()) as _, true),
        (
            "name",
            Arc::new(ids.iter().map(|id| Some(format!("n,\"{id}\"\n"))).collect::<StringArray>()) as _,
            true,
        ),
    ])
    .unwrap()
}

fn write(lake: &Lake, path: &Path, format: Format, batches: &[RecordBatch]) {
    let file = NewFile::create(lake, path.to_str().unwrap()).unwrap();
    let mut writer = TableWriter::start(file, format, batches[0].schema_ref()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
}

fn options(columns: &[&str], max_rows: usize) -> ScanOptions {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    ScanOptions { columns, max_rows, max_bytes: 1 << 20, predicate: Vec::new(), skip_rows: 0, limit: None }
}

fn open(lake: &Lake, uri: &Path) -> Result<Arc<Table>, Error> {
    Table::open(lake, uri.to_str().unwrap(), &TableOptions::default()).map(Arc::new)
}

fn read(table: &Arc<Table>, shard: Shard, options: &ScanOptions) -> Vec<RecordBatch> {
    table.scan(shard, options).unwrap().map(|rows| rows.unwrap().batch).collect()
}

#[test]
fn a_large_row_group_is_divided_among_threads_and_every_row_comes_once_in_its_order() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let (lake, path) = (lake(&runtime), folder.path().join("t.parquet"));
    write(&lake, &path, Format::Parquet, &[rows(0, 150_000)]);
    let table = open(&lake, &path).unwrap();
    let value: ArrayRef = Arc::new(Int64Array::from(vec![149_900]));
    let at_end = Comparison { column: "id".to_owned(), operator: Operator::GreaterOrEqual, value };
    for (columns, predicate, first) in [
        (&["id"][..], vec![], 0),
        (&["name", "id", "value"], vec![], 0),
        (&["id", "value"], vec![at_end], 149_900),
    ] {
        let options = ScanOptions { predicate, ..options(columns, 1_000) };
        let mut all = Vec::new();
        for number in 1..=4 {
            let mut next = None;
            let before = all.len();
            for rows in table.scan_for_thread(Shard { number, of: 4 }, &options).unwrap() {
                let rows = rows.unwrap();
                let found = ids(std::slice::from_ref(&rows.batch));
                assert!(next.is_none_or(|next| next == rows.first_row));
                next = Some(rows.first_row + found.len() as u64);
                if first == 0 {
                    assert_eq!(rows.first_row, u64::try_from(found[0]).unwrap() + 1);
                }
                all.extend(found);
            }
            assert!(first > 0 || (30_000..45_000).contains(&(all.len() - before)));
        }
        assert_eq!(all, (first..150_000).collect::<Vec<_>>());
    }
    let whole = |number| ids(&read(&table, Shard { number, of: 4 }, &options(&["id"], 1_000))).len();
    assert_eq!((1..=4).map(whole).max(), Some(150_000));
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    use arrow::array::AsArray as _;
    use arrow::datatypes::Int64Type;
    batches.iter().flat_map(|batch| batch["id"].as_primitive::<Int64Type>().values().to_vec()).collect()
}

#[test]
fn every_format_gives_back_what_was_written_in_bounded_batches() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let lake = lake(&runtime);
    for format in FORMATS {
        let path = folder.path().join(format!("table.{}", format.ending()));
        write(&lake, &path, format, &[rows(0, 400), rows(400, 1_000)]);
        let table = open(&lake, &path).unwrap();
        assert_eq!(table.format(), format);
        let batches = read(&table, Shard::ALL, &options(&["name", "id", "value"], 150));
        assert!(batches.iter().all(|batch| batch.num_rows() <= 150), "{format:?}");
        let all = concat_batches(batches[0].schema_ref(), &batches).unwrap();
        let expected = rows(0, 1_000);
        for name in ["id", "value", "name"] {
            assert_eq!(&all[name], &expected[name], "{format:?} {name}");
        }
    }
}

#[test]
fn rows_are_left_out_and_limited_in_every_format() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let lake = lake(&runtime);
    for format in FORMATS {
        let path = folder.path().join(format!("table.{}", format.ending()));
        write(&lake, &path, format, &[rows(0, 500), rows(500, 1_000)]);
        let table = open(&lake, &path).unwrap();
        for (skip, limit) in [(0_usize, 10_usize), (499, 600), (730, 2_000), (1_000, 2_000), (5_000, 6_000)] {
            let options =
                ScanOptions { skip_rows: skip as u64, limit: Some(limit as u64), ..options(&["id"], 64) };
            let expected: Vec<i64> = (0..1_000).skip(skip).take(limit - skip).collect();
            assert_eq!(ids(&read(&table, Shard::ALL, &options)), expected, "{format:?} {skip} {limit}");
            let mut scan = table.scan(Shard::ALL, &options).unwrap();
            let first = scan.next();
            assert_eq!(scan.n_skipped(), skip.min(1_000) as u64, "{format:?}");
            assert_eq!(
                first.map(|rows| rows.unwrap().first_row),
                expected.first().map(|id| id.unsigned_abs() + 1)
            );
        }
    }
}

#[test]
fn shares_of_a_folder_are_all_of_it_once() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let lake = lake(&runtime);
    for part in 0..5 {
        let path = folder.path().join(format!("sub/part-{part}.parquet"));
        write(&lake, &path, Format::Parquet, &[rows(part * 100, part * 100 + 100)]);
    }
    fs::write(folder.path().join("sub/_SUCCESS"), "").unwrap();
    fs::write(folder.path().join("sub/.part-9.parquet.tmp"), "x").unwrap();
    let table = open(&lake, folder.path()).unwrap();
    assert_eq!((table.files().len(), table.n_rows(Shard::ALL)), (5, RowCount::Exact(500)));
    for of in [1, 2, 3, 5, 8] {
        let shares: Vec<_> =
            (1..=of).flat_map(|number| read(&table, Shard { number, of }, &options(&["id"], 30))).collect();
        assert_eq!(ids(&shares), (0..500).collect::<Vec<_>>(), "{of} shares");
    }
    let pattern = folder.path().join("*/part-[13].parquet");
    assert_eq!(ids(&read(&open(&lake, &pattern).unwrap(), Shard::ALL, &options(&["id"], 500))).len(), 200);
}

#[test]
fn a_text_that_is_no_value_is_a_defect_of_its_row() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let lake = lake(&runtime);
    let csv = folder.path().join("a.csv");
    fs::write(&csv, "\u{feff}id,value\n1,1.5\n2,x\n3\n4,2\n\n5,\"1\",2\n6,3").unwrap();
    let json = folder.path().join("a.jsonl");
    fs::write(&json, "{\"id\": 1, \"value\": 1.5}\n\n{\"id\": 2, \"value\": \"x\"}\n{]\n{\"id\": 4}{}\n")
        .unwrap();
    for (path, wrong, n_rows) in [(csv, vec![1, 4], 6), (json, vec![1, 2, 3], 4)] {
        let types =
            [("id", arrow::datatypes::DataType::Int64), ("value", arrow::datatypes::DataType::Float64)];
        let mut table_options = TableOptions::default();
        table_options.text.wanted = types.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
        let table = Arc::new(Table::open(&lake, path.to_str().unwrap(), &table_options).unwrap());
        let rows: Vec<_> =
            table.scan(Shard::ALL, &options(&["id", "value"], 10)).unwrap().map(Result::unwrap).collect();
        let defects: Vec<&Defect> = rows.iter().flat_map(|rows| &rows.defects).collect();
        let found: Vec<usize> = defects.iter().map(|defect| defect.row).collect();
        assert_eq!((rows[0].batch.num_rows(), found), (n_rows, wrong), "{path:?} {defects:?}");
    }
}

#[test]
fn files_that_differ_are_named() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let lake = lake(&runtime);
    write(&lake, &folder.path().join("1.parquet"), Format::Parquet, &[rows(0, 10)]);
    let other = rows(0, 10).project(&[0]).unwrap();
    write(&lake, &folder.path().join("2.parquet"), Format::Parquet, &[other]);
    let table = open(&lake, folder.path()).unwrap();
    let error = table.scan(Shard::ALL, &options(&["id", "value"], 10)).unwrap().last().unwrap().unwrap_err();
    assert!(error.to_string().contains("2.parquet: there is no column 'value'"), "{error}");
    fs::write(folder.path().join("3.parquet"), "PAR1 and no more").unwrap();
    let error = open(&lake, folder.path()).err().unwrap().to_string();
    assert!(error.contains("3.parquet"), "{error}");
    assert!(matches!(open(&lake, &folder.path().join("none.csv")), Err(Error::Nothing(_))));
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let lake = lake(&runtime);
    for format in FORMATS {
        let path = folder.path().join(format!("new/table.{}", format.ending()));
        let begin = || NewFile::create(&lake, path.to_str().unwrap());
        let mut writer = TableWriter::start(begin().unwrap(), format, rows(0, 1).schema_ref()).unwrap();
        writer.write(&rows(0, 10)).unwrap();
        assert!(!path.exists());
        assert!(matches!(begin(), Err(Error::Busy(_))));
        drop(writer);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
        let writer = TableWriter::start(begin().unwrap(), format, rows(0, 1).schema_ref()).unwrap();
        writer.finish().unwrap();
        assert!(path.exists());
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_large_batch_of_an_arrow_file_is_read_in_slices_that_are_the_same_rows() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let lake = lake(&runtime);
    let path = folder.path().join("table.arrow");
    let batch = many_kinds(10_000);
    write(&lake, &path, Format::ArrowFile, &[many_kinds(3), batch.clone(), many_kinds(3)]);
    let table = open(&lake, &path).unwrap();
    let names = ["text", "flag", "nothing", "small", "wide_text", "double", "bytes"];
    let options = ScanOptions { max_bytes: 16_384, ..options(&names, 1_000) };
    let batches = read(&table, Shard::ALL, &options);
    // A slice has a byte of bits or more, however long its rows are.
    assert!(batches.iter().all(|batch| batch.num_rows() <= 1_000) && batches.len() > 20);
    let all = concat_batches(batches[0].schema_ref(), &batches).unwrap();
    for name in names {
        assert_eq!(&all.slice(3, 10_000)[name], &batch[name], "{name}");
    }
    let columns = ["text", "list"];
    let batches =
        read(&table, Shard::ALL, &ScanOptions { max_bytes: 16_384, ..self::options(&columns, 1_000) });
    let all = concat_batches(batches[0].schema_ref(), &batches).unwrap();
    assert_eq!(&all.slice(3, 10_000)["list"], &batch["list"]);
    let skipped = ScanOptions { skip_rows: 5_003, limit: Some(5_013), ..options };
    let batches = read(&table, Shard::ALL, &skipped);
    assert_eq!(&batches[0]["text"], &batch.slice(5_000, 10)["text"]);
}

/// Columns of many types, with nulls in them.
fn many_kinds(n_rows: u32) -> RecordBatch {
    let some = |row: u32| (row % 5 != 1).then_some(row);
    let text = |row: u32| format!("{row:x}").repeat(row as usize % 4);
    let texts = || (0..n_rows).map(|row| some(row).map(text));
    let lists = (0..n_rows).map(|row| some(row).map(|row| vec![Some(row); row as usize % 3]));
    let bytes: BinaryArray = texts().map(|text| text.map(String::into_bytes)).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("list", Arc::new(ListArray::from_iter_primitive::<UInt32Type, _, _>(lists)) as ArrayRef, true),
        ("text", Arc::new(texts().collect::<StringArray>()) as _, true),
        (
            "flag",
            Arc::new((0..n_rows).map(|row| some(row).map(|row| row % 2 == 0)).collect::<BooleanArray>()),
            true,
        ),
        ("nothing", Arc::new(NullArray::new(n_rows as usize)), true),
        ("small", Arc::new((0..n_rows).map(|row| row.to_le_bytes()[0]).collect::<UInt8Array>()), false),
        ("wide_text", Arc::new(texts().collect::<LargeStringArray>()), true),
        ("double", Arc::new((0..n_rows).map(|row| some(row).map(f64::from)).collect::<Float64Array>()), true),
        ("bytes", Arc::new(bytes), true),
    ])
    .unwrap()
}

#[test]
fn files_of_several_formats_are_no_table() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let lake = lake(&runtime);
    write(&lake, &folder.path().join("a.parquet"), Format::Parquet, &[rows(0, 2)]);
    fs::write(folder.path().join("b.csv"), "id,value,name\n2,1.5,x\n").unwrap();
    let error = open(&lake, folder.path()).err().unwrap().to_string();
    assert!(
        error.contains("b.csv: it is of another format than") && error.ends_with("'*.parquet'"),
        "{error}"
    );
}

#[test]
fn a_number_that_its_type_cannot_hold_is_a_defect_of_its_row() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let lake = lake(&runtime);
    let lines = "{\"x\": 1.5}\n{\"x\": 1e400}\n{\"x\": null}\n{\"x\": -1e999}\n";
    for (name, text) in [("t.csv", "x\n1.5\n1e400\n\"\"\n-1e999\n"), ("t.jsonl", lines)] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let table = open(&lake, &path).unwrap();
        let rows = table.scan(Shard::ALL, &options(&["x"], 10)).unwrap().next().unwrap().unwrap();
        assert_eq!(rows.batch["x"].null_count(), 3, "{name}");
        let found: Vec<_> = rows.defects.iter().map(|defect| (defect.row, defect.reason.as_str())).collect();
        let reasons = ["column 'x': '1e400' is no Float64", "column 'x': '-1e999' is no Float64"];
        assert_eq!(found, [(1, reasons[0]), (3, reasons[1])], "{name}");
    }
    let path = folder.path().join("lists.jsonl");
    let lines = "{\"x\": [1.5]}\n{\"x\": [2.5, 1e400]}\n{\"x\": [null]}\n{\"x\": [-1e999]}\n{\"x\": null}\n";
    fs::write(&path, lines).unwrap();
    let table = open(&lake, &path).unwrap();
    let rows = table.scan(Shard::ALL, &options(&["x"], 10)).unwrap().next().unwrap().unwrap();
    let found: Vec<_> = rows.defects.iter().map(|defect| (defect.row, defect.reason.as_str())).collect();
    assert_eq!(found, [(1, "column 'x': '1e400' is no Float64"), (3, "column 'x': '-1e999' is no Float64")]);
    assert_eq!(rows.batch["x"].null_count(), 3);
    let path = folder.path().join("only.jsonl");
    fs::write(&path, "{\"x\": 1e400}\n").unwrap();
    let error = open(&lake, &path).err().unwrap().to_string();
    assert!(error.contains("number out of range"), "{error}");
}
