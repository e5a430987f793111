//! A training set can be made again from its manifest, or is known not to be the same any more.

use super::fixture::{Place, batch, longs, numbers, orders, times};
use crate::training_sets::build::{Built, Request};
use crate::training_sets::{Blueprint, Error, Manifest};

/// A spine in a file, and a Delta table of one version.
fn begun(place: &Place) -> (String, Blueprint) {
    let spine = batch(&[("id", numbers([Some(1), Some(2)])), ("at", times([Some(5), Some(5)]))]);
    let spine = place.file("spine.parquet", &spine);
    let columns = [("id", numbers([Some(1)])), ("at", times([Some(0)])), ("n", numbers([Some(7)]))];
    let table = place.commit("t", "a.parquet", &batch(&columns));
    (spine, orders(&table))
}

fn again(place: &Place, spine: &str, built: &Built) -> Request {
    let text = serde_json::to_string(&built.manifest).unwrap();
    let manifest: Manifest = serde_json::from_str(&text).unwrap();
    Request { pin: Some(manifest), ..place.request(spine, "again.parquet") }
}

#[test]
fn the_same_rows_come_out_of_the_pinned_versions() {
    let place = Place::new();
    let (spine, blueprint) = begun(&place);
    let first = place.build(&blueprint, place.request(&spine, "first.parquet")).unwrap();
    assert_eq!(first.manifest.views[0].table.delta_version, Some(0));
    let columns = [("id", numbers([Some(2)])), ("at", times([Some(1)])), ("n", numbers([Some(8)]))];
    place.commit("t", "b.parquet", &batch(&columns));
    let latest = place.build(&blueprint, place.request(&spine, "latest.parquet")).unwrap();
    assert_eq!(longs(&place.read("latest.parquet"), "n"), [Some(7), Some(8)]);
    assert_ne!(latest.manifest.rows_hash, first.manifest.rows_hash);
    let second = place.build(&blueprint, again(&place, &spine, &first)).unwrap();
    assert_eq!(second.manifest, first.manifest);
    let bytes = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert_eq!(bytes("again.parquet"), bytes("first.parquet"));
}

#[test]
fn an_old_version_is_warned_of() {
    let place = Place::new();
    let (spine, blueprint) = begun(&place);
    let first = place.build(&blueprint, place.request(&spine, "first.parquet")).unwrap();
    let mut request = again(&place, &spine, &first);
    request.now_ms = 4_000_000_000_000;
    let warnings = place.build(&blueprint, request).unwrap().audit.warnings;
    let expected = "t: version 0 is older than the 7 days for which files are kept that are deleted";
    assert!(warnings.len() == 1 && warnings[0].ends_with(expected), "{warnings:?}");
}

#[test]
fn what_is_not_the_same_any_more_is_named() {
    let place = Place::new();
    let (spine, blueprint) = begun(&place);
    let first = place.build(&blueprint, place.request(&spine, "first.parquet")).unwrap();
    let fails = |blueprint: &Blueprint, request| place.build(blueprint, request).unwrap_err().to_string();
    let mut other = again(&place, &spine, &first);
    other.pin.as_mut().unwrap().rows_hash = "0".repeat(64);
    let error = place.build(&blueprint, other).unwrap_err();
    assert!(matches!(error, Error::OtherRows { .. }), "{error}");
    assert!(!std::path::Path::new(&place.path("again.parquet")).exists());
    let mut older = again(&place, &spine, &first);
    older.pin.as_mut().unwrap().rows_hash = "0".repeat(64);
    older.pin.as_mut().unwrap().engine_version = "0.0.1".to_owned();
    let warnings = place.build(&blueprint, older).unwrap().audit.warnings;
    assert!(warnings[0].starts_with("version 0.0.1 of Forebay made other rows"), "{warnings:?}");
    let defined = Blueprint { definitions: serde_json::json!({}), ..blueprint.clone() };
    let error = fails(&defined, again(&place, &spine, &first));
    assert_eq!(error, "this is not what the manifest was made from: its definitions are others");
    std::fs::remove_file(place.path("t/a.parquet")).unwrap();
    let error = fails(&blueprint, again(&place, &spine, &first));
    assert!(error.contains("a.parquet"), "{error}");
    place.file("spine.parquet", &batch(&[("id", numbers([Some(1)])), ("at", times([Some(5)]))]));
    let error = fails(&blueprint, again(&place, &spine, &first));
    assert!(
        error.starts_with(&format!("this is not what the manifest was made from: {spine} has other files")),
        "{error}"
    );
}

#[test]
fn tables_are_read_as_of_a_time() {
    let place = Place::new();
    let (spine, blueprint) = begun(&place);
    let mut request = place.request(&spine, "first.parquet");
    request.as_of_us = Some(1_000);
    let error = place.build(&blueprint, request).unwrap_err().to_string();
    assert!(error.contains("version"), "{error}");
    let mut request = place.request(&spine, "first.parquet");
    request.as_of_us = Some(4_000_000_000_000_000);
    let built = place.build(&blueprint, request).unwrap();
    assert_eq!(built.manifest.views[0].table.delta_version, Some(0));
}
