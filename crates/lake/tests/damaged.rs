//! Damaged files of Arrow are errors or rows, and never the end of the process: their lengths may be anything.
#![expect(clippy::unwrap_used, reason = "this crate is a test, and its functions are parts of tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use forebay_lake::{Format, Lake, NewFile, ScanOptions, Shard, Table, TableOptions, TableWriter};

const N_DAMAGES: usize = 2_000;

#[test]
fn a_damaged_stream_or_file_of_arrow_is_an_error_or_rows() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let lake = Lake::local(runtime.handle().clone());
    let folder = tempfile::tempdir().unwrap();
    for (format, name) in [(Format::ArrowStream, "a.arrows"), (Format::ArrowFile, "a.arrow")] {
        let path = folder.path().join(name);
        let file = NewFile::create(&lake, path.to_str().unwrap()).unwrap();
        let mut writer = TableWriter::start(file, format, rows().schema_ref()).unwrap();
        writer.write(&rows()).unwrap();
        writer.finish().unwrap();
        let whole = fs::read(&path).unwrap();
        assert!(read(&lake, &path));
        let mut dice = Dice(88_172_645_463_325_252);
        let n_read = (0..N_DAMAGES).filter(|_| {
            let mut damaged = whole.clone();
            for _ in 0..=dice.below(3) {
                let at = dice.below(damaged.len());
                damaged[at] = [0, 0x7f, 0xff, dice.byte()][dice.below(4)];
            }
            damaged.truncate(damaged.len() - dice.below(2) * dice.below(whole.len()));
            fs::write(&path, damaged).unwrap();
            read(&lake, &path)
        });
        assert!(n_read.count() < N_DAMAGES, "some damage was seen");
    }
}

#[test]
fn a_length_that_no_stream_has_is_an_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let lake = Lake::local(runtime.handle().clone());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.arrows");
    fs::write(&path, [[0xff; 4], [0xff, 0xff, 0xff, 0x7f], [0; 4], [0; 4]].concat()).unwrap();
    assert!(!read(&lake, &path));
    fs::write(&path, "hello world, which is no table").unwrap();
    assert!(!read(&lake, &path));
}

/// Whether all rows could be read.
fn read(lake: &Lake, path: &Path) -> bool {
    let Ok(table) = Table::open(lake, path.to_str().unwrap(), &TableOptions::default()) else { return false };
    let columns = table.schema().fields().iter().map(|field| field.name().clone()).collect();
    let options = ScanOptions {
        columns,
        max_rows: 10,
        max_bytes: 1 << 20,
        predicate: Vec::new(),
        skip_rows: 0,
        limit: None,
    };
    let scan = Arc::new(table).scan(Shard::ALL, &options);
    scan.is_ok_and(|mut scan| scan.all(|rows| rows.is_ok()))
}

fn rows() -> RecordBatch {
    let lists = (0..20).map(|row| Some(vec![Some(row); 3]));
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(0..20)) as _),
        ("name", Arc::new((0..20).map(|row| Some(format!("name {row}"))).collect::<StringArray>()) as _),
        ("list", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)) as _),
    ])
    .unwrap()
}

/// Numbers that are the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.0.to_le_bytes()[3]
    }
}
