//! Engines that are lost, with a row or without one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use forebay_batch::{Error, JobOptions, Prepared, RejectOptions};
use forebay_serving::Sharing;

use crate::place::{Place, expected, numbers};

#[test]
fn a_row_that_brings_down_the_engine_is_looked_for_once() {
    for sharing in [Sharing::Shared, Sharing::Alone] {
        let mut place = Place::new();
        place.sharing = sharing;
        let mut x = numbers(300);
        x[150] = -2.0;
        let input = place.input("in.parquet", &x);
        let rejects = Some(RejectOptions { path: place.path("bad.jsonl"), max: 1 });
        let options = JobOptions { rejects, ..place.options(&input, "out.parquet") };
        assert_eq!(place.run(options).unwrap().n_rejected, 1);
        assert_eq!(place.read("out.parquet"), expected(&x));
        // The one that measures, two for the first chunk, one for each half that holds the row, two for the row, three lanes.
        assert_eq!(place.n_opened.load(Ordering::SeqCst), 1 + 2 + 7 + 2 + 3, "{sharing:?}");
    }
}

#[test]
fn a_job_that_looks_for_a_row_stops_when_it_is_told_to() {
    let mut place = Place::new();
    let input = place.input("in.parquet", &[-2.0; 300]);
    let options = place.options(&input, "out.parquet");
    place.counters = Arc::default();
    place.counters.stop();
    let stopped = Prepared::new(place.lake(), place.model(), options, &place.counters).err().unwrap();
    assert!(matches!(stopped, Error::Interrupted { n_rows: 0 }), "{stopped}");
    assert_eq!(place.n_opened.load(Ordering::SeqCst), 1);
}

#[test]
fn an_engine_that_is_killed_while_it_loads_is_opened_again() {
    let mut place = Place::new();
    let input = place.input("in.parquet", &numbers(300));
    place.killed = 2..3;
    place.run(place.options(&input, "out.parquet")).unwrap();
    assert_eq!(place.n_opened.load(Ordering::SeqCst), 5);
    place.killed = 5..7;
    place.run(place.options(&input, "again.parquet")).unwrap();
    assert_eq!(place.n_opened.load(Ordering::SeqCst), 5 + 2 + 4);
    place.killed = 11..u64::MAX;
    let told = place.run(place.options(&input, "out.parquet")).unwrap_err().to_string();
    assert_eq!(told, "the model models:/linear/1 cannot be loaded: its Python was killed");
    assert_eq!(place.n_opened.load(Ordering::SeqCst), 11 + 3);
}
