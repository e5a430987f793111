//! Rows that were sent: they are pinned by their hash alone, and the file that they are kept in is told to nobody.

use std::path::PathBuf;

use arrow::array::RecordBatch;

use super::fixture::{Place, batch, numbers, orders, times};
use crate::locations::Locations;
use crate::training_sets::{Error, Manifest, Request, Spine};

fn rows(ids: [i64; 2]) -> RecordBatch {
    batch(&[("id", numbers(ids.map(Some))), ("at", times([Some(5), Some(5)]))])
}

/// A request of rows in a file that is no caller's to name.
fn request(place: &Place, file: &str, ids: [i64; 2]) -> Request {
    let spine = Spine::Sent(PathBuf::from(place.file(file, &rows(ids))));
    let locations = Locations::Below(vec![place.path("t").parse().unwrap()]);
    Request { spine, locations, ..place.request("", "out.parquet") }
}

#[test]
fn rows_that_were_sent_are_pinned_by_what_they_are() {
    let place = Place::new();
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    let blueprint = orders(&place.commit("t", "a.parquet", &batch(&columns)));
    let first = place.build(&blueprint, request(&place, "one.arrows", [1, 2])).unwrap();
    assert_eq!(first.manifest.spine, None);
    let text = serde_json::to_string(&first.manifest).unwrap();
    assert!(!text.contains("one.arrows"), "{text}");
    let pin: Manifest = serde_json::from_str(&text).unwrap();
    let again = |request| place.build(&blueprint, Request { pin: Some(pin.clone()), ..request });
    let second = again(request(&place, "two.arrows", [1, 2])).unwrap();
    assert_eq!(second.manifest, first.manifest);
    let error = again(request(&place, "three.arrows", [1, 3])).unwrap_err();
    assert!(matches!(&error, Error::Changed(why) if why.contains("the rows that were sent")), "{error}");
    let file = place.file("kept.parquet", &rows([1, 2]));
    let kept = again(place.request(&file, "again.parquet")).unwrap();
    assert_eq!(kept.manifest.rows_hash, first.manifest.rows_hash);
    let of_table = kept.manifest;
    let sent = request(&place, "four.arrows", [1, 2]);
    let error = place.build(&blueprint, Request { pin: Some(of_table), ..sent }).unwrap_err().to_string();
    assert!(error.ends_with("kept.parquet, and now there are the rows that were sent"), "{error}");
}

#[test]
fn the_file_of_rows_that_were_sent_is_not_told() {
    let place = Place::new();
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    let blueprint = orders(&place.commit("t", "a.parquet", &batch(&columns)));
    let unnamed = Request { event_time: "no".to_owned(), ..request(&place, "one.arrows", [1, 2]) };
    let error = place.build(&blueprint, unnamed).unwrap_err().to_string();
    assert!(error.starts_with("the rows that were sent: ") && !error.contains("one.arrows"), "{error}");
    std::fs::write(place.path("no.arrows"), "no rows").unwrap();
    let whole = std::fs::read(place.path("one.arrows")).unwrap();
    std::fs::write(place.path("torn.arrows"), &whole[..whole.len() / 2]).unwrap();
    for file in ["no.arrows", "torn.arrows"] {
        let spine = Spine::Sent(PathBuf::from(place.path(file)));
        let sent = Request { spine, ..place.request("", "out.parquet") };
        let error = place.build(&blueprint, sent).unwrap_err().to_string();
        assert!(error.starts_with("the rows that were sent") && !error.contains(file), "{error}");
    }
}
