//! A build keeps within its memory, measured by the system in a process of its own.

use std::fs;
use std::io::BufWriter;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, StringArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::ipc::reader::StreamReader;
use forebay_lake::{Format, NewFile, TableWriter};

use super::fixture::{Place, batch, blueprint, entity, numbers, times, view};
use crate::model::value_type::ValueType;
use crate::training_sets::Blueprint;
use crate::training_sets::build::{Output, Request, Spine, build};
use crate::training_sets::tests::fixture::Unwatched;

const MEMORY_BYTES: u64 = 128 << 20;

/// Tells the child where its tables are.
const FOLDER: &str = "FOREBAY_TEST_JOIN_FOLDER";

const N_KEYS: i64 = 5_000;

/// Bytes of a feature.
const WIDTH: usize = 4_096;

/// Each key has an event every second for so long.
const N_SECONDS: i64 = 70;

fn second(number: i64) -> i64 {
    number * 1_000_000
}

fn value(key: i64, event: i64) -> String {
    let start = format!("{key}-{event}");
    let rest = " ".repeat(WIDTH - start.len());
    start + &rest
}

/// Writes a table of features and a spine of so many keys.
fn write(place: &Place, n_keys: i64, n_seconds: i64) {
    let start = |name: &str, rows: &arrow::array::RecordBatch| {
        let file = NewFile::create(&place.lake(), &place.path(name)).unwrap();
        TableWriter::start(file, Format::ArrowFile, rows.schema_ref()).unwrap()
    };
    let mut features = None;
    for event in 0..n_seconds {
        for first in (0..n_keys).step_by(250) {
            let keys = first..n_keys.min(first + 250);
            let values: ArrayRef =
                Arc::new(StringArray::from_iter_values(keys.clone().map(|key| value(key, event))));
            let at = times(keys.clone().map(|_| Some(second(event))));
            let rows = batch(&[("id", numbers(keys.map(Some))), ("at", at), ("text", values)]);
            features.get_or_insert_with(|| start("t.arrow", &rows)).write(&rows).unwrap();
        }
    }
    features.unwrap().finish().unwrap();
    let row = |row: i64| (row * 7_919 % n_keys, second(row % (n_seconds + 9)) + 500_000);
    let n_rows = n_keys * 3;
    let spine = batch(&[
        ("id", numbers((0..n_rows).map(|number| Some(row(number).0)))),
        ("at", times((0..n_rows).map(|number| Some(row(number).1)))),
    ]);
    let mut writer = start("spine.arrow", &spine);
    writer.write(&spine).unwrap();
    writer.finish().unwrap();
}

fn texts(source: &str) -> Blueprint {
    let customers = entity("customer", &[("id", ValueType::Int64)]);
    let mut view = view("texts", source, "customer", &["text"]);
    view.features[0].kind = ValueType::String;
    blueprint(vec![customers], vec![view])
}

/// Looks at each row of a set.
fn check(path: &str, n_seconds: i64) -> i64 {
    let mut n_rows = 0;
    for rows in StreamReader::try_new(fs::File::open(path).unwrap(), None).unwrap() {
        let rows = rows.unwrap();
        let (keys, at) =
            (rows["id"].as_primitive::<Int64Type>(), rows["at"].as_primitive::<TimestampMicrosecondType>());
        for (row, text) in rows["text"].as_string::<i32>().iter().enumerate() {
            let event = (at.value(row) / 1_000_000).min(n_seconds - 1);
            assert_eq!(text.unwrap(), value(keys.value(row), event));
            n_rows += 1;
        }
    }
    n_rows
}

/// The most that this process had in memory.
fn most_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it is told by the test that starts it as a process")]
fn a_set_in_a_stream_has_the_texts_that_held_and_is_made_within_its_memory() {
    let place = Place::new();
    let told = std::env::var(FOLDER).ok();
    let folder = told.as_ref().map_or_else(|| PathBuf::from(place.folder.path()), PathBuf::from);
    let n_seconds = if told.is_some() { N_SECONDS } else { 3 };
    if told.is_none() {
        write(&place, 100, n_seconds);
    }
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let stream = BufWriter::new(fs::File::create(path("out.arrows")).unwrap());
    let request = Request {
        spine: Spine::Table(path("spine.arrow")),
        output: Output::Stream(Box::new(stream)),
        memory_bytes: MEMORY_BYTES,
        spill_folder: folder.clone(),
        ..place.request("", "out")
    };
    let built = build(&place.lake(), &texts(&path("t.arrow")), request, &Unwatched).unwrap();
    println!("most bytes: {}", most_bytes());
    assert_eq!(check(&path("out.arrows"), n_seconds), i64::try_from(built.manifest.n_rows).unwrap());
}

#[test]
fn a_build_over_ten_times_its_memory_stays_within_it() {
    let place = Place::new();
    write(&place, N_KEYS, N_SECONDS);
    assert!(fs::metadata(place.path("t.arrow")).unwrap().len() > 10 * MEMORY_BYTES);
    let child = "training_sets::tests::memory::a_set_in_a_stream_has_the_texts_that_held_and_is_made_within_its_memory";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", child, "--nocapture"]).env(FOLDER, place.folder.path());
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let most =
        told.lines().find_map(|line| line.split_once("most bytes: ")).unwrap().1.parse::<u64>().unwrap();
    assert!(most < MEMORY_BYTES, "{most} bytes, and {MEMORY_BYTES} were allowed");
}
