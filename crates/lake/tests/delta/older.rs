//! Tables of older versions of the protocol, which stand for features that are mostly not used.

use std::fs;

use serde_json::{Value, json};

use crate::append::{append, committed, once, rows, table};
use crate::fixture::{Place, ids, metadata, scan};

/// A table of `id`, `name` and `half` that notes something of its first column.
fn made(place: &Place, version: i64, notes: &Value, configuration: &Value) {
    let columns =
        [("id", "long", notes.clone()), ("name", "string", json!({})), ("half", "double", json!({}))];
    let log = place.folder.path().join("table/_delta_log");
    fs::create_dir_all(&log).unwrap();
    let protocol = json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": version}});
    let lines = [protocol, metadata(&columns, &[], configuration)].map(|action| action.to_string());
    fs::write(log.join("00000000000000000000.json"), lines.join("\n")).unwrap();
}

#[test]
fn a_table_of_an_older_version_takes_rows_and_keeps_its_version() {
    for version in 2..=6 {
        let place = Place::new();
        made(&place, version, &json!({}), &json!({"delta.enableChangeDataFeed": "true"}));
        assert_eq!(append(&place, "a.parquet", &rows(0, 5), Some(once(1))), Ok(committed(1, true)));
        assert_eq!(append(&place, "b.parquet", &rows(0, 5), Some(once(1))), Ok(committed(1, false)));
        let found = table(&place, None);
        assert_eq!(found.details().unwrap().unwrap().min_writer_version, i32::try_from(version).unwrap());
        assert_eq!(ids(&scan(&found, &["id"], &[]).unwrap()), [0, 1, 2, 3, 4]);
        let log = place.folder.path().join("table/_delta_log/00000000000000000001.json");
        let commit = fs::read_to_string(log).unwrap();
        // Rows alone are no changes that readers of changes could not see.
        assert!(!commit.contains("\"protocol\"") && !commit.contains("\"cdc\""), "{commit}");
    }
}

#[test]
fn what_an_older_version_stands_for_is_refused_where_it_is_used() {
    let generated = json!({"delta.generationExpression": "1"});
    let identity = json!({"delta.identity.start": 1, "delta.identity.step": 1});
    for (version, notes, reason) in [(4, generated, "generatedColumns"), (6, identity, "identityColumns")] {
        let place = Place::new();
        made(&place, version, &notes, &json!({}));
        let refused = append(&place, "a.parquet", &rows(0, 1), None).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    }
}
