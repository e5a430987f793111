//! What tries and shares of one job have in common, whichever rows they meet first.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::datatypes::DataType;
use forebay_batch::{Error, JobOptions, OutputFormat, Prepared, RejectOptions};
use forebay_lake::{Format, Shard};
use forebay_serving::{ModelFolder, Sharing};

use crate::place::{Answers, Place, content, numbers};

/// What an `MLmodel` tells that has one output of that type.
fn told(place: &mut Place, kind: &str) {
    let folder = Path::new(&place.path("model")).to_owned();
    fs::create_dir_all(&folder).unwrap();
    let outputs = format!("'[{{\"type\": \"{kind}\", \"required\": true}}]'");
    let text = format!("flavors: {{}}\nsignature:\n  inputs: '[]'\n  outputs: {outputs}\n  params: null\n");
    fs::write(folder.join("MLmodel"), text).unwrap();
    place.signature.outputs = ModelFolder::open(&folder).unwrap().signature.outputs;
    assert!(place.signature.outputs.is_some());
}

#[test]
fn a_part_that_is_gone_is_done_again_with_the_types_that_the_others_have() {
    let mut place = Place::answering(Answers::ByChunk);
    let mut x = numbers(3_000);
    x[0] = 0.25;
    let input = place.input("in.parquet", &x);
    place.run(place.options(&input, "out/")).unwrap();
    let folder = Path::new(&place.path("out")).to_owned();
    let before = content(&folder);
    assert!(before.contains_key("_SUCCESS"));
    fs::remove_file(folder.join("part-job-00002.parquet")).unwrap();
    let again = place.run(place.options(&input, "out/")).unwrap();
    assert_eq!((again.n_files, again.n_rows, again.is_complete), (1, 3_000, true));
    assert_eq!(content(&folder), before);
}

#[test]
fn a_file_of_rejected_rows_that_is_gone_is_done_again() {
    let mut place = Place::new();
    let mut x = numbers(2_500);
    x[1_700] = -1.0;
    let input = place.input("in.parquet", &x);
    let options = |place: &Place| {
        let rejects = Some(RejectOptions { path: place.path("bad"), max: 10 });
        JobOptions { rejects, ..place.options(&input, "out/") }
    };
    place.run(options(&place)).unwrap();
    let bad = Path::new(&place.path("bad")).join("part-job-00001.jsonl");
    let before = fs::read(&bad).unwrap();
    fs::remove_file(&bad).unwrap();
    assert_eq!(place.run(options(&place)).unwrap().n_rejected, 1);
    assert_eq!(fs::read(&bad).unwrap(), before);
}

#[test]
fn a_part_that_was_damaged_later_is_done_again() {
    let mut place = Place::new();
    let mut x = numbers(3_500);
    x[1_700] = -1.0;
    let input = place.input("in.parquet", &x);
    for (name, format) in [("parquet", Format::Parquet), ("csv", Format::Csv), ("jsonl", Format::JsonLines)] {
        let (output, bad) = (format!("out-{name}/"), place.path(&format!("bad-{name}")));
        let options = |place: &Place| JobOptions {
            output_format: Some(OutputFormat::Files(format)),
            rejects: Some(RejectOptions { path: bad.clone(), max: 10 }),
            ..place.options(&input, &output)
        };
        place.run(options(&place)).unwrap();
        let folder = Path::new(&place.path(&output)).to_owned();
        let (parts, rejects) = (content(&folder), content(Path::new(&bad)));
        let cut = |path: &Path| {
            let whole = fs::read(path).unwrap();
            fs::write(path, &whole[..whole.len() - 1]).unwrap();
        };
        for n_tries in [1, 2] {
            cut(&folder.join(format!("part-job-00001.{name}")));
            if n_tries == 2 {
                fs::remove_file(folder.join("_SUCCESS")).unwrap();
            }
            let again = place.run(options(&place)).unwrap();
            assert_eq!((again.n_files, again.n_rows_before, again.n_rejected), (3, 1_000, 1), "{name}");
            assert_eq!((content(&folder), content(Path::new(&bad))), (parts.clone(), rejects.clone()));
        }
        cut(&Path::new(&bad).join("part-job-00001.jsonl"));
        assert_eq!(place.run(options(&place)).unwrap().n_files, 3, "{name}");
        assert_eq!((content(&folder), content(Path::new(&bad))), (parts, rejects));
    }
}

#[test]
fn a_share_of_which_a_part_was_damaged_is_missing() {
    let mut place = Place::new();
    for part in 0..2 {
        place.input(&format!("in/{part}.parquet"), &numbers(1_500));
    }
    let input = place.path("in");
    let share = |place: &mut Place, number| {
        place.run(JobOptions { shard: Shard { number, of: 2 }, ..place.options(&input, "out/") }).unwrap()
    };
    let folder = Path::new(&place.path("out")).to_owned();
    assert!(!share(&mut place, 1).is_complete && share(&mut place, 2).is_complete);
    fs::write(folder.join("part-job-1of2-00000.parquet"), "PAR1").unwrap();
    assert!(!share(&mut place, 2).is_complete && !folder.join("_SUCCESS").exists());
    assert!(share(&mut place, 1).is_complete && folder.join("_SUCCESS").exists());
}

#[test]
fn shares_have_the_same_types_whichever_begins() {
    let mut place = Place::answering(Answers::ByChunk);
    let mut x = numbers(1_500);
    place.input("in/1.parquet", &x);
    x[0] = 0.25;
    place.input("in/0.parquet", &x);
    let input = place.path("in");
    for number in [2, 1] {
        let shard = Shard { number, of: 2 };
        place.run(JobOptions { shard, ..place.options(&input, "out/") }).unwrap();
        let part = format!("out/part-job-{number}of2-00000.parquet");
        let (schema, _) = place.predictions(&part);
        assert_eq!(*schema.field_with_name("prediction").unwrap().data_type(), DataType::Float64, "{number}");
    }
    assert_eq!(place.predictions("out").1.len(), 3_000);
}

#[test]
fn a_signature_tells_types_that_the_first_rows_do_not_show() {
    let mut place = Place::answering(Answers::ByChunk);
    let mut x = numbers(3_000);
    x[2_500] = 0.25;
    let input = place.input("in.parquet", &x);
    let error = place.run(place.options(&input, "untold.parquet")).unwrap_err().to_string();
    assert!(error.contains("'prediction' is Float64 instead of Int64 in some rows"), "{error}");
    told(&mut place, "double");
    place.run(place.options(&input, "told.parquet")).unwrap();
    let (schema, found) = place.predictions("told.parquet");
    assert_eq!(*schema.field_with_name("prediction").unwrap().data_type(), DataType::Float64);
    assert_eq!(found[2_500], 1.5);
}

#[test]
fn a_mark_of_another_job_goes_when_a_job_begins() {
    let mut place = Place::new();
    let mut x = numbers(60_000);
    x[59_999] = -1.0;
    let input = place.input("in.parquet", &x);
    let success = Path::new(&place.path("out")).join("_SUCCESS");
    fs::create_dir_all(success.parent().unwrap()).unwrap();
    fs::write(&success, "").unwrap();
    Prepared::new(place.lake(), place.model(), place.options(&input, "out/"), &place.counters).unwrap();
    assert!(success.exists());
    place.run(place.options(&input, "out/")).unwrap_err();
    assert!(!success.exists());
}

#[test]
fn another_model_under_the_same_name_is_an_error_that_says_so() {
    let mut place = Place::new();
    let input = place.input("in.parquet", &numbers(2_500));
    place.run(place.options(&input, "out/")).unwrap();
    place.digest = "2".to_owned();
    let error = place.run(place.options(&input, "out/")).unwrap_err();
    assert!(matches!(error, Error::Changed { .. }));
    assert!(error.to_string().contains("another content of the model models:/linear/1"), "{error}");
}

#[test]
fn rows_that_depend_on_each_other_are_scored_in_the_same_chunks_by_every_try() {
    let mut place = Place::answering(Answers::Counts);
    place.sharing = Sharing::Alone;
    place.input("in/0.parquet", &numbers(20_000));
    place.input("in/1.parquet", &numbers(20_500));
    let input = place.path("in");
    place.run(place.options(&input, "one.parquet")).unwrap();
    let (_, counts) = place.predictions("one.parquet");
    let found = [0, 16_384, 20_000, 40_499].map(|row: usize| counts[row].as_u64().unwrap());
    assert_eq!(found, [16_384, 3_616, 16_384, 4_116]);
    let options =
        |place: &Place, name: &str| JobOptions { rows_per_file: 18_000, ..place.options(&input, name) };
    place.run(options(&place, "whole/")).unwrap();
    place.left.store(30_000, Ordering::SeqCst);
    place.counters = Arc::default();
    let options = |place: &Place| options(place, "again/");
    let stopped = Prepared::new(place.lake(), place.model(), options(&place), &place.counters).unwrap();
    stopped.run(&place.counters).unwrap_err();
    place.left.store(u64::MAX, Ordering::SeqCst);
    place.run(options(&place)).unwrap();
    let folder = |name: &str| content(Path::new(&place.path(name)));
    assert_eq!(folder("whole"), folder("again"));
}
