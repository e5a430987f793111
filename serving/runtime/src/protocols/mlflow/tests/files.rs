//! Bodies that are tables already: Parquet and Arrow.

use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;

use super::*;
use crate::protocols::mlflow::tables::{guarded, panics_are_callers_fault};

const PARQUET: &str = "application/vnd.apache.parquet";
const ARROW: &str = "application/vnd.apache.arrow.stream";

fn parquet(table: &RecordBatch) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, table.schema(), None).unwrap();
    writer.write(table).unwrap();
    writer.close().unwrap();
    file
}

fn arrow(tables: &[RecordBatch]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut writer = StreamWriter::try_new(&mut stream, &tables[0].schema()).unwrap();
    for table in tables {
        writer.write(table).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    stream
}

#[test]
fn parquet_and_arrow_are_tables_already() {
    let (parquet, stream) = (parquet(&two_columns()), arrow(&[two_columns(), two_columns()]));
    let decoded = |content_type, body: Vec<u8>| {
        doubles().decode(Some(content_type), &body.into()).unwrap().batch.n_rows()
    };
    assert_eq!(decoded(PARQUET, parquet.clone()), 2);
    assert_eq!(decoded(ARROW, stream.clone()), 4);
    for (content_type, body) in [(PARQUET, parquet), (ARROW, stream)] {
        for end in [0, 4, 20, body.len() / 2, body.len() - 9] {
            let part = Bytes::copy_from_slice(&body[..end]);
            let refused = doubles().decode(Some(content_type), &part);
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{content_type} {end} {refused:?}");
        }
    }
}

#[test]
fn damaged_tables_are_refused_or_read_but_never_panic() {
    for (content_type, body) in [(PARQUET, parquet(&two_columns())), (ARROW, arrow(&[two_columns()]))] {
        let places = (0..body.len()).flat_map(|place| [0, 0x7f, 0xff].map(|damage| (place, damage)));
        for (place, damage) in places {
            let mut damaged = body.clone();
            damaged[place] = damage;
            let damaged = Bytes::from(damaged);
            let answers = [doubles(), untold()].map(|decoder| decoder.decode(Some(content_type), &damaged));
            let is_other = |answer: &_| matches!(answer, Err(Refusal::UnsupportedMediaType(_)));
            assert!(!answers.iter().any(is_other), "{place} {damage}");
        }
    }
}

#[test]
fn a_panic_within_a_damaged_body_is_known_to_be_the_callers_and_no_other() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    assert!(!panics_are_callers_fault());
    let notes = Arc::clone(&seen);
    let damaged = guarded("test", move || {
        notes.lock().unwrap().push(panics_are_callers_fault());
        panic!("an offset that is none")
    });
    assert_eq!(damaged, Err("Failed to parse input: the test is damaged".to_owned()));
    assert_eq!(*seen.lock().unwrap(), [true]);
    assert!(!panics_are_callers_fault());
}

#[test]
fn a_column_that_comes_twice_is_refused_where_it_is_asked_for() {
    let x: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let of = |names: &[&str]| {
        RecordBatch::try_from_iter(names.iter().map(|name| (*name, Arc::clone(&x)))).unwrap()
    };
    let decoded =
        |decoder: &Decoder, content_type, body: Vec<u8>| decoder.decode(Some(content_type), &body.into());
    let by_name = tensors(&[(Some("x"), &[None]), (Some("y"), &[None])]);
    for decoder in [doubles(), by_name] {
        for (content_type, body) in
            [(PARQUET, parquet(&of(&["x", "y", "x"]))), (ARROW, arrow(&[of(&["x", "y", "x"])]))]
        {
            let refused = decoded(&decoder, content_type, body);
            let is_told = |text: &str| text.starts_with("column 'x': it comes twice");
            assert!(matches!(&refused, Err(Refusal::Invalid(text)) if is_told(text)), "{refused:?}");
        }
    }
    assert!(decoded(&doubles(), ARROW, arrow(&[of(&["x", "y", "z", "z"])])).is_ok());
}
