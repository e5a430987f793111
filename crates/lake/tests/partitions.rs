//! The names of folders are columns, and a file that has no row of interest for them is not opened.
#![expect(clippy::unwrap_used, reason = "this crate is a test, and its functions are parts of tests")]

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use forebay_lake::{
    Comparison, Format, Lake, NewFile, RowCount, ScanOptions, Shard, Table, TableOptions, TableWriter,
    row_as_texts,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

struct Place {
    folder: TempDir,
    runtime: Runtime,
}

impl Place {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Place { folder: tempfile::tempdir().unwrap(), runtime }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn lake(&self) -> Lake {
        Lake::local(self.runtime.handle().clone())
    }

    /// A file of rows with ids.
    fn write(&self, name: &str, ids: &[i64]) {
        self.write_columns(name, &[("id", Arc::new(Int64Array::from(ids.to_vec())))]);
    }

    fn write_columns(&self, name: &str, columns: &[(&str, ArrayRef)]) {
        let columns = columns.iter().map(|(name, column)| (*name, Arc::clone(column), true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let file = NewFile::create(&self.lake(), &self.path(name)).unwrap();
        let format = Format::of_path(name).unwrap();
        let mut writer = TableWriter::start(file, format, batch.schema_ref()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
    }

    fn open(&self, name: &str) -> Result<Arc<Table>, String> {
        self.open_with(name, &TableOptions::default())
    }

    fn open_with(&self, name: &str, options: &TableOptions) -> Result<Arc<Table>, String> {
        let opened = Table::open(&self.lake(), &self.path(name), options);
        opened.map(Arc::new).map_err(|error| error.to_string())
    }
}

/// Rows of a table as texts, in their order; nulls are empty.
fn rows(table: &Arc<Table>, columns: &[&str], predicate: &[&str]) -> Result<Vec<String>, String> {
    rows_of(table, Shard::ALL, columns, predicate)
}

fn rows_of(
    table: &Arc<Table>,
    shard: Shard,
    columns: &[&str],
    predicate: &[&str],
) -> Result<Vec<String>, String> {
    let options = ScanOptions {
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        max_rows: 2,
        max_bytes: 1 << 20,
        predicate: predicate.iter().map(|text| text.parse::<Comparison>().unwrap()).collect(),
        skip_rows: 0,
        limit: None,
    };
    let mut found = Vec::new();
    for batch in table.scan(shard, &options).map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?.batch;
        found.extend((0..batch.num_rows()).map(|row| {
            let cells = row_as_texts(&batch.slice(row, 1)).unwrap();
            cells.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join(",")
        }));
    }
    Ok(found)
}

fn types(table: &Table) -> Vec<(String, DataType)> {
    table.schema().fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
}

fn months() -> Place {
    let place = Place::new();
    place.write("t/year=2013/month=1/a.parquet", &[1, 2, 3]);
    place.write("t/year=2013/month=__HIVE_DEFAULT_PARTITION__/a.parquet", &[4]);
    place.write("t/year=2014/month=02/a.parquet", &[5]);
    place.write("t/year=2014/month=02/sub/b.parquet", &[6]);
    place
}

#[test]
fn folders_are_columns_behind_those_of_the_files() {
    let place = months();
    let table = place.open("t").unwrap();
    let whole = |name: &str| (name.to_owned(), DataType::Int64);
    assert_eq!(types(&table), [whole("id"), whole("year"), whole("month")]);
    assert_eq!(table.n_rows(Shard::ALL), RowCount::Exact(6));
    let expected = ["1,1,2013", "1,2,2013", "1,3,2013", ",4,2013", "2,5,2014", "2,6,2014"];
    assert_eq!(rows(&table, &["month", "id", "year"], &[]).unwrap(), expected);
    // Without a column of the files there are as many rows.
    assert_eq!(rows(&table, &["year"], &["year = 2014"]).unwrap(), ["2014", "2014"]);
    assert_eq!(rows(&table, &["id"], &["month is null"]).unwrap(), ["4"]);
    assert_eq!(rows(&table, &["id"], &["year = 2013", "id >= 2"]).unwrap(), ["2", "3", "4"]);
    let shares = (1..=3)
        .flat_map(|number| rows_of(&table, Shard { number, of: 3 }, &["id"], &["year = 2014"]).unwrap());
    assert_eq!(shares.collect::<Vec<_>>(), ["5", "6"]);
}

#[test]
fn a_file_without_rows_of_interest_is_not_opened() {
    let place = months();
    fs::write(place.path("t/year=2014/month=02/sub/b.parquet"), "no Parquet").unwrap();
    let table = place.open("t").unwrap();
    assert_eq!(rows(&table, &["id"], &["year <= 2013", "month is not null"]).unwrap(), ["1", "2", "3"]);
    assert!(rows(&table, &["id"], &["month = 2"]).unwrap_err().contains("sub/b.parquet"));
    assert_eq!(table.n_rows(Shard::ALL), RowCount::Unknown);
}

#[test]
fn values_are_decoded_and_texts_unless_all_are_whole_numbers() {
    let place = Place::new();
    for (number, value) in (0..).zip(["a%20b%2Fc=%C3%A4", "3", "", "%zz"]) {
        place.write(&format!("t/k%20e={value}/{number}.parquet"), &[number]);
    }
    let table = place.open("t").unwrap();
    assert_eq!(types(&table)[1], ("k e".to_owned(), DataType::Utf8));
    let mut found = rows(&table, &["id", "k e"], &[]).unwrap();
    found.sort_unstable();
    assert_eq!(found, ["0,a b/c=ä", "1,3", "2,", "3,%zz"]);
    for (name, values) in [("big", ["1", "99999999999999999999"]), ("signed", ["1", "+1"])] {
        for value in values {
            place.write(&format!("{name}/k={value}/1.parquet"), &[1]);
        }
        assert_eq!(types(&place.open(name).unwrap())[1].1, DataType::Utf8, "{name}");
    }
    place.write("bytes/k=%ff/1.parquet", &[1]);
    assert!(place.open("bytes").err().unwrap().ends_with("1.parquet: its folder 'k=%ff' is not UTF-8"));
}

#[test]
fn a_column_that_files_have_too_has_the_values_of_the_folders() {
    let place = Place::new();
    for (folder, id) in [(1, 10), (2, 20)] {
        let (ids, texts): (ArrayRef, ArrayRef) =
            (Arc::new(Int64Array::from(vec![id])), Arc::new(StringArray::from(vec!["9"])));
        place.write_columns(&format!("t/k={folder}/a.parquet"), &[("k", texts), ("id", ids)]);
    }
    let table = place.open("t").unwrap();
    assert_eq!(types(&table)[0], ("k".to_owned(), DataType::Utf8));
    assert_eq!(rows(&table, &["id", "k"], &[]).unwrap(), ["10,1", "20,2"]);
    assert_eq!(rows(&table, &["id"], &["k = 2"]).unwrap(), ["20"]);
    assert!(rows(&table, &["id"], &["k = 9"]).unwrap().is_empty());
}

#[test]
fn a_file_whose_folders_tell_other_columns_is_named() {
    let place = months();
    place.write("t/x.parquet", &[7]);
    let told = place.open("t").err().unwrap();
    assert!(told.contains("x.parquet: it is in no folder 'month=…', and "), "{told}");
    place.write("u/k=1/k=2/x.parquet", &[7]);
    assert!(place.open("u").err().unwrap().ends_with("two of its folders tell the same column"));
}

#[test]
fn only_folders_below_what_is_named_are_columns() {
    let place = months();
    let columns =
        |name: &str| types(&place.open(name).unwrap()).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(columns("t/year=2013/month=1"), ["id"]);
    assert_eq!(columns("t/year=2013/month=1/a.parquet"), ["id"]);
    assert_eq!(columns("t/year=2013"), ["id", "month"]);
    assert_eq!(columns("t/./year=2013/month=*/*.parquet"), ["id", "month"]);
    assert_eq!(columns("t/year=201[3]/*/*.parquet"), ["id", "year", "month"]);
}

#[test]
fn folders_of_text_files_have_the_types_that_are_wanted() {
    let place = Place::new();
    for (name, text) in [("csv", "id\n1\n2\n"), ("jsonl", "{\"id\": 1}\n{\"id\": 2}\n")] {
        for day in ["2026-01-01", "2026-01-02"] {
            fs::create_dir_all(place.path(&format!("{name}/day={day}"))).unwrap();
            fs::write(place.path(&format!("{name}/day={day}/a.{name}")), text).unwrap();
        }
        let table = place.open(name).unwrap();
        let expected = ["1,2026-01-01", "2,2026-01-01", "1,2026-01-02", "2,2026-01-02"];
        assert_eq!(rows(&table, &["id", "day"], &[]).unwrap(), expected);
        let mut options = TableOptions::default();
        options.text.wanted.insert("day".to_owned(), DataType::Date32);
        let table = place.open_with(name, &options).unwrap();
        assert_eq!(types(&table)[1].1, DataType::Date32);
        assert_eq!(rows(&table, &["id"], &["day > 2026-01-01", "id = 2"]).unwrap(), ["2"]);
        // A type that a folder's value does not have is none of the column.
        options.text.wanted.insert("day".to_owned(), DataType::Int64);
        assert_eq!(types(&place.open_with(name, &options).unwrap())[1].1, DataType::Utf8);
    }
}
