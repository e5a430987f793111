//! Tables are read below the operator's places alone: what is looked at is what is then read.

use std::os::unix::fs::symlink;

use super::fixture::{Place, batch, numbers, orders, times};
use crate::locations::Locations;
use crate::training_sets::{Error, Request};

fn columns() -> [(&'static str, arrow::array::ArrayRef); 2] {
    [("id", numbers([Some(1)])), ("at", times([Some(5)]))]
}

/// A folder `gold` with a table of features and the folder of a spine, in which a link leads to a file elsewhere.
fn begun(place: &Place) -> (String, Request) {
    std::fs::create_dir_all(place.path("gold/spine")).unwrap();
    let secret = place.file("secret.parquet", &batch(&columns()));
    symlink(secret, place.path("gold/spine/a.parquet")).unwrap();
    let [id, at] = columns();
    let table = place.commit("gold/t", "a.parquet", &batch(&[id, at, ("n", numbers([Some(7)]))]));
    let locations = Locations::Below(vec![place.path("gold").parse().unwrap()]);
    (table, Request { locations, ..place.request(&place.path("gold/spine"), "gold/out.parquet") })
}

#[test]
fn a_link_out_of_a_spine_in_plain_files_is_refused_at_any_time() {
    let place = Place::new();
    for as_of_us in [None, Some(4_000_000_000_000_000)] {
        let (table, request) = begun(&place);
        let error = place.build(&orders(&table), Request { as_of_us, ..request }).unwrap_err();
        assert!(
            matches!(&error, Error::Refused(why) if why.contains("a.parquet' is outside of")),
            "{as_of_us:?}: {error}"
        );
        assert!(!std::path::Path::new(&place.path("gold/out.parquet")).exists());
        std::fs::remove_dir_all(place.path("gold")).unwrap();
    }
}

#[test]
fn a_table_of_features_elsewhere_is_refused() {
    let place = Place::new();
    let (_, request) = begun(&place);
    std::fs::remove_file(place.path("gold/spine/a.parquet")).unwrap();
    place.file("gold/spine/a.parquet", &batch(&columns()));
    let [id, at] = columns();
    let table = place.commit("t", "a.parquet", &batch(&[id, at, ("n", numbers([Some(7)]))]));
    let error = place.build(&orders(&table), request).unwrap_err();
    assert!(matches!(&error, Error::Refused(why) if why.contains("--features-location")), "{error}");
}
