//! Whole jobs, with a model that is a linear function: order, resumption, rejected rows, and what is left of failures.
#![expect(clippy::unwrap_used, reason = "this crate is a test, and its functions are parts of tests")]

mod place;
mod tries;
mod rejects;
mod losses;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use forebay_batch::{Error, JobOptions, Keep, OutputFormat, Prepared, RejectOptions};
use forebay_lake::{Format, Shard};

use crate::place::{Place, content, expected, numbers};

#[test]
fn rows_come_out_in_their_order_in_every_format() {
    let mut place = Place::new();
    let x = numbers(60_000);
    for (input, output) in [
        ("in.parquet", "out.csv"),
        ("in.csv", "out.jsonl"),
        ("in.jsonl", "out.arrow"),
        ("in.arrow", "out.parquet"),
    ] {
        let input = place.input(input, &x);
        let summary = place.run(place.options(&input, output)).unwrap();
        assert_eq!((summary.n_rows, summary.n_rejected, summary.is_complete), (60_000, 0, true));
        assert_eq!(place.read(output), expected(&x), "{output}");
    }
}

#[test]
fn a_job_that_is_stopped_anywhere_and_started_again_leaves_the_same_files() {
    let mut place = Place::new();
    let mut x = numbers(23_456);
    for row in [5_001, 9_999, 17_000, 23_455] {
        x[row] = -1.0;
    }
    let input = place.input("in.parquet", &x);
    let rejects = |place: &Place, name: &str| {
        Some(RejectOptions { path: place.path(&format!("rejects-{name}")), max: 10 })
    };
    let whole = JobOptions { rejects: rejects(&place, "whole"), ..place.options(&input, "whole/") };
    place.run(whole).unwrap();
    assert_eq!(place.read("whole"), expected(&x));
    let mut seed = 7_u64;
    for round in 0..5 {
        let name = format!("round-{round}/");
        let mut n_tries = 0;
        loop {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // What is measured at the start counts, too.
            let n_rows = if n_tries < 8 { 5_000 + (seed >> 33) % 200_000 } else { u64::MAX };
            place.counters = Arc::default();
            place.left.store(n_rows, Ordering::SeqCst);
            let options =
                JobOptions { rejects: rejects(&place, &round.to_string()), ..place.options(&input, &name) };
            let prepared = Prepared::new(place.lake(), place.model(), options, &place.counters).unwrap();
            n_tries += 1;
            match prepared.run(&place.counters) {
                Ok(summary) => {
                    assert!(summary.is_complete);
                    assert_eq!((summary.n_rows, summary.n_rejected), (23_456, 4));
                    break;
                }
                Err(Error::Interrupted { .. }) => {
                    assert!(!Path::new(&place.path(&name)).join("_SUCCESS").exists());
                }
                Err(error) => panic!("{error}"),
            }
        }
        for (one, other) in
            [("whole".to_owned(), name.clone()), ("rejects-whole".to_owned(), format!("rejects-{round}"))]
        {
            let (one, other) = (place.path(&one), place.path(&other));
            assert_eq!(content(Path::new(&one)), content(Path::new(&other)));
        }
    }
}

#[test]
fn a_finished_job_does_nothing_again_and_another_is_kept_out() {
    let mut place = Place::new();
    let input = place.input("in.parquet", &numbers(2_500));
    place.run(place.options(&input, "out/")).unwrap();
    let again = place.run(place.options(&input, "out/")).unwrap();
    assert_eq!((again.n_rows, again.n_files, again.is_complete), (2_500, 0, true));
    let other = JobOptions { id: "other".parse().unwrap(), ..place.options(&input, "out/") };
    assert!(matches!(place.run(other), Err(Error::Occupied { .. })));
    place.input("in.parquet", &numbers(2_600));
    let error = place.run(place.options(&input, "out/")).unwrap_err().to_string();
    assert!(error.contains("another content of") && error.contains("in.parquet"), "{error}");
}

#[test]
fn the_first_row_that_cannot_be_scored_is_named() {
    let mut place = Place::new();
    let mut x = numbers(30_000);
    (x[20_000], x[20_001], x[29_000]) = (-1.0, -1.0, -1.0);
    let input = place.input("in.csv", &x);
    let error = place.run(place.options(&input, "out.parquet")).unwrap_err().to_string();
    assert!(error.contains("in.csv, row 20001: the model failed: x is -1"), "{error}");
    assert!(!Path::new(&place.path("out.parquet")).exists());
}

#[test]
fn rejected_rows_are_written_with_their_reason_up_to_a_number() {
    let mut place = Place::new();
    let mut x = numbers(20_000);
    (x[100], x[10_000], x[19_999]) = (-1.0, -2.0, -1.0);
    let input = place.input("in.csv", &x);
    let text = fs::read_to_string(&input).unwrap().replace("\n7,7.0\n", "\n7,seven\n");
    fs::write(&input, text).unwrap();
    x[7] = -1.0;
    let rejects = |place: &Place, max| Some(RejectOptions { path: place.path("bad.jsonl"), max });
    let options = JobOptions { rejects: rejects(&place, 4), ..place.options(&input, "out.parquet") };
    let summary = place.run(options).unwrap();
    assert_eq!((summary.n_rows, summary.n_rejected), (20_000, 4));
    assert_eq!(place.read("out.parquet"), expected(&x));
    let lines = fs::read_to_string(place.path("bad.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rows: Vec<_> = lines.iter().map(|line| line["row"].as_u64().unwrap()).collect();
    assert_eq!(rows, [8, 101, 10_001, 20_000]);
    assert_eq!(lines[0]["reason"], "column 'x': 'seven' is no Float64");
    assert_eq!(lines[1]["columns"]["id"], 100);
    let options = JobOptions { rejects: rejects(&place, 3), ..place.options(&input, "fewer.parquet") };
    assert!(matches!(place.run(options), Err(Error::TooManyRejects { limit: 3, row: 20_000, .. })));
    assert!(!Path::new(&place.path("fewer.parquet")).exists());
    assert_eq!(fs::read_to_string(place.path("bad.jsonl")).unwrap().lines().count(), 4);
}

#[test]
fn shares_fill_one_folder_and_the_last_says_that_it_is_complete() {
    let mut place = Place::new();
    for part in 0..4 {
        place.input(&format!("in/{part}.parquet"), &numbers(1_500));
    }
    let input = place.path("in");
    let success = Path::new(&place.path("out")).join("_SUCCESS");
    for number in [3, 1, 2] {
        assert!(!success.exists());
        let shard = Shard { number, of: 3 };
        place.run(JobOptions { shard, ..place.options(&input, "out/") }).unwrap();
    }
    assert!(success.exists());
    assert_eq!(place.read("out").len(), 6_000);
}

#[test]
fn an_empty_table_gives_an_empty_table_with_all_columns() {
    let mut place = Place::new();
    let input = place.input("in.parquet", &[]);
    for output in ["out.csv", "folder/"] {
        let options = JobOptions {
            output_format: Some(OutputFormat::Files(Format::Csv)),
            ..place.options(&input, output)
        };
        assert_eq!(place.run(options).unwrap().n_rows, 0);
    }
    assert_eq!(fs::read_to_string(place.path("out.csv")).unwrap(), "id,x,prediction\n");
    assert_eq!(fs::read_to_string(place.path("folder/part-job-00000.csv")).unwrap(), "id,x,prediction\n");
}

#[test]
fn an_output_that_looks_like_a_file_of_no_known_format_is_refused() {
    let mut place = Place::new();
    let input = place.input("in.parquet", &numbers(3));
    for output in ["x.xlsx", "x.paruqet", "deep/x.2"] {
        let told = place.run(place.options(&input, output)).unwrap_err().to_string();
        assert!(told.contains("with a slash at its end") && told.ends_with(&format!("{output}/")), "{told}");
        assert!(!Path::new(&place.path(output)).exists());
        assert!(place.run(place.options(&input, &format!("{output}/"))).unwrap().is_complete);
        assert!(place.run(place.options(&input, output)).unwrap().is_complete);
    }
}

#[test]
fn another_number_of_shares_is_told_as_such() {
    let mut place = Place::new();
    let input = place.input("in/0.parquet", &numbers(1_500));
    let options = |place: &Place, number, of| JobOptions {
        shard: Shard { number, of },
        ..place.options(&input, "out/")
    };
    place.run(options(&place, 1, 3)).unwrap();
    for (number, of) in [(2, 4), (1, 1)] {
        let told = place.run(options(&place, number, of)).unwrap_err().to_string();
        assert!(told.contains(&format!("job job was begun with 3 shares, and now {of};")), "{told}");
    }
}

#[test]
fn columns_are_mapped_kept_and_limited() {
    let mut place = Place::new();
    let input = place.input("in.parquet", &numbers(100));
    let options = JobOptions {
        columns: vec!["x=id".parse().unwrap()],
        keep: Keep::Only(vec!["x".to_owned()]),
        limit: Some(3),
        prediction_column: "y".to_owned(),
        ..place.options(&input, "out.csv")
    };
    place.run(options).unwrap();
    assert_eq!(fs::read_to_string(place.path("out.csv")).unwrap(), "x,y\n0.0,1.0\n1.0,3.0\n2.0,5.0\n");
    let missing = JobOptions { columns: vec!["x=z".parse().unwrap()], ..place.options(&input, "out.csv") };
    assert!(matches!(place.run(missing), Err(Error::Option(_))));
    let twice = JobOptions { prediction_column: "id".to_owned(), ..place.options(&input, "out.csv") };
    assert!(place.run(twice).unwrap_err().to_string().contains("two columns 'id'"));
}
