//! Files of a Delta table that are asked for as if they were none.

use std::fs;
use std::sync::Arc;

use forebay_lake::{Buckets, Lake, Table, TableOptions};
use futures_util::future::BoxFuture;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};

use crate::fixture::{Place, longs, only_ids, plain_protocol};

fn refusal(lake: &Lake, uri: &str) -> Option<String> {
    let told = Table::open(lake, uri, &TableOptions::default()).err().map(|error| error.to_string());
    told.filter(|told| told.contains("name the table itself"))
}

#[test]
fn files_of_a_table_are_not_read_without_its_log() {
    let place = Place::new();
    let folder = place.folder.path().to_str().unwrap().to_owned();
    fs::create_dir(place.folder.path().join("part=1")).unwrap();
    let (gone, add) = (
        place.add("a.parquet", &[("id", longs(0..3))]),
        place.add("part=1/b.parquet", &[("id", longs(3..5))]),
    );
    place.commit(0, &[plain_protocol(), only_ids(), add]);
    assert!(gone["add"].is_object());
    assert_eq!(place.ids(None), Ok(vec![3, 4]));
    let above = tempfile::tempdir_in(place.folder.path().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&folder, above.path().join("n")).unwrap();
    fs::write(above.path().join("own.csv"), "id\n1\n").unwrap();
    let above = above.path().to_str().unwrap();
    for (uri, table) in [
        (above.to_owned(), format!("{above}/n")),
        (format!("{folder}/*.parquet"), folder.clone()),
        (format!("{folder}/part=1"), folder.clone()),
        (format!("{above}/*/part=*/*.parquet"), format!("{above}/n")),
    ] {
        let told = refusal(&place.lake(), &uri).unwrap();
        assert!(
            told.contains(&format!("'{uri}'")) && told.contains(&format!("Delta table {table},")),
            "{told}"
        );
    }
    for uri in [format!("{folder}/a.parquet"), format!("{above}/*.csv"), folder] {
        assert!(Table::open(&place.lake(), &uri, &TableOptions::default()).is_ok(), "{uri}");
    }
}

struct Memory(Arc<InMemory>);

impl Buckets for Memory {
    fn open<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Arc<dyn ObjectStore>, String>> {
        Box::pin(async { Ok(Arc::clone(&self.0) as Arc<dyn ObjectStore>) })
    }
}

#[test]
fn objects_of_a_table_are_not_read_without_its_log() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let store = Arc::new(InMemory::new());
    for key in ["a/t/_delta_log/0.json", "a/t/part=1/x.csv", "a/u/x.csv"] {
        runtime.block_on(store.put(&key.into(), PutPayload::from_static(b"id\n1\n"))).unwrap();
    }
    let lake = Lake::new(runtime.handle().clone(), Box::new(Memory(store)));
    for uri in ["s3://b", "s3://b/a", "s3://b/a/t/part=1", "s3://b/a/t/part=1/*.csv", "s3://b/a/*/*/*.csv"] {
        let told = refusal(&lake, uri).unwrap_or_else(|| panic!("{uri}"));
        assert!(told.contains("Delta table s3://b/a/t,"), "{told}");
    }
    for uri in ["s3://b/a/u", "s3://b/a/u/*.csv", "s3://b/a/t/part=1/x.csv", "s3://b/a/*/*.csv"] {
        assert!(Table::open(&lake, uri, &TableOptions::default()).is_ok(), "{uri}");
    }
}
