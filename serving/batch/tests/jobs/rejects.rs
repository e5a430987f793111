//! Rows that cannot be scored, where others can.

use std::fmt::Write as _;
use std::fs;

use forebay_batch::{Error, JobOptions, Prepared, RejectOptions};
use forebay_serving::{DType, Inputs, TensorField};
use serde_json::{Value, json};

use crate::place::{Place, expected, numbers};

fn rejecting(place: &Place, input: &str, max: u64) -> JobOptions {
    let rejects = Some(RejectOptions { path: place.path("bad.jsonl"), max });
    JobOptions { rejects, ..place.options(input, "out.parquet") }
}

#[test]
fn a_job_goes_on_behind_a_bad_start() {
    let mut place = Place::new();
    let mut x = numbers(20_000);
    x[..17_000].fill(-1.0);
    let input = place.input("in.parquet", &x);
    let summary = place.run(rejecting(&place, &input, 20_000)).unwrap();
    assert_eq!((summary.n_rows, summary.n_rejected), (20_000, 17_000));
    assert_eq!(place.read("out.parquet"), expected(&x));
}

#[test]
fn too_many_bad_rows_at_the_start_are_told_as_such() {
    let mut place = Place::new();
    let mut x = numbers(2_000);
    x[..1_000].fill(-1.0);
    let input = place.input("in.parquet", &x);
    for max in [100, 400] {
        let options = rejecting(&place, &input, max);
        let error = Prepared::new(place.lake(), place.model(), options, &place.counters).err().unwrap();
        assert!(matches!(error, Error::TooManyRejects { limit, .. } if limit == max), "{error}");
    }
    assert_eq!(place.run(rejecting(&place, &input, 1_000)).unwrap().n_rejected, 1_000);
}

#[test]
fn a_table_of_bad_rows_gives_an_empty_one() {
    let mut place = Place::new();
    let input = place.input("in.parquet", &[-1.0; 300]);
    let summary = place.run(rejecting(&place, &input, 300)).unwrap();
    assert_eq!((summary.n_rows, summary.n_rejected), (300, 300));
    assert_eq!(place.predictions("out.parquet").1.len(), 0);
}

#[test]
fn a_record_with_too_many_fields_is_a_bad_row() {
    let mut place = Place::new();
    let path = place.path("in.csv");
    let mut text = "id,x\n".to_owned();
    for row in 0..20_000 {
        let more = if [3, 18_000].contains(&row) { ",more" } else { "" };
        writeln!(text, "{row},{row}.0{more}").unwrap();
    }
    fs::write(&path, text).unwrap();
    let error = place.run(place.options(&path, "out.parquet")).unwrap_err().to_string();
    let reason = "it has 3 fields, where the header names 2 columns";
    assert!(error.contains(&format!("in.csv, row 4: {reason}")), "{error}");
    assert_eq!(place.run(rejecting(&place, &path, 2)).unwrap().n_rejected, 2);
    assert_eq!(place.read("out.parquet").len(), 19_998);
    let lines = fs::read_to_string(place.path("bad.jsonl")).unwrap();
    assert!(lines.contains("\"row\":18001") && lines.contains(reason), "{lines}");
}

#[test]
fn numbers_in_texts_are_whatever_numbers_the_model_takes() {
    let mut place = Place::new();
    let field = TensorField { name: None, dtype: DType::Fp32, shape: vec![None, Some(1)] };
    place.signature.inputs = Inputs::Tensors(vec![field]);
    for (name, text) in [
        ("whole.csv", "id,x\n0,0\n1,1\n2,2\n"),
        ("broken.csv", "id,x\n0,0\n1,1.0\n2,2\n"),
        ("a.jsonl", "{\"id\": 0, \"x\": 0}\n{\"id\": 1, \"x\": 1.0}\n{\"id\": 2, \"x\": 2}\n"),
    ] {
        let path = place.path(name);
        fs::write(&path, text).unwrap();
        let columns = vec!["x".parse().unwrap()];
        place.run(JobOptions { columns: columns.clone(), ..place.options(&path, "out.parquet") }).unwrap();
        assert_eq!(place.read("out.parquet"), expected(&numbers(3)), "{name}");
    }
    let typed = place.input("in.parquet", &numbers(3));
    let columns = vec!["x".parse().unwrap()];
    let error = place.run(JobOptions { columns, ..place.options(&typed, "out.parquet") }).unwrap_err();
    assert!(matches!(error, Error::Misfit(_)), "{error}");
}

#[test]
fn what_could_not_be_read_stands_in_the_line_of_its_row() {
    let mut place = Place::new();
    let long = "z".repeat(20_000);
    let csv = format!("id,x\n0,0\n1,\" abc \"\n2,2,more\n3,{long}\n");
    let json = "{\"id\": 0, \"x\": 0}\n{\"id\": 1, \"x\": [1]}\n";
    let expected = [
        (
            "in.csv",
            csv.as_str(),
            vec![
                json!({ "id": 1, "x": " abc " }),
                json!("2,2,more"),
                json!({ "id": 3, "x": &long[..10_000] }),
            ],
        ),
        ("in.jsonl", json, vec![json!("{\"id\": 1, \"x\": [1]}")]),
    ];
    for (name, text, expected) in expected {
        let path = place.path(name);
        fs::write(&path, text).unwrap();
        place.run(rejecting(&place, &path, 10)).unwrap();
        let lines = fs::read_to_string(place.path("bad.jsonl")).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found: Vec<Value> = lines
            .map(|line| line.get("record").cloned().unwrap_or_else(|| line["columns"].clone()))
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_row_that_is_rejected_for_a_column_that_the_model_does_not_read_says_what_to_do() {
    let mut place = Place::new();
    let path = place.path("in.csv");
    fs::write(
        &path,
        (0..60_000).fold("id,x\n".to_owned(), |text, row| format!("{text}{row},{row}\n")) + "A1,1\n",
    )
    .unwrap();
    let told = place.run(place.options(&path, "out.parquet")).unwrap_err().to_string();
    assert!(told.contains("'A1' is no Int64") && told.contains("leave it out with --keep"), "{told}");
    let summary = place.run(place.options(&path, "out.csv")).unwrap();
    assert_eq!((summary.n_rows, summary.n_rejected), (60_001, 0));
}
