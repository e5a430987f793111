//! Checkpoints of every kind stand for the commits before them.

use std::fs;
use std::sync::Arc;

use delta_kernel::checkpoint::{CheckpointSpec, V2CheckpointConfig};
use delta_kernel::{Snapshot, SnapshotRef};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use forebay_lake::AsOf;
use object_store::local::LocalFileSystem;
use serde_json::json;

use crate::fixture::{Place, ids, longs, metadata, only_ids, protocol, scan};

/// A table of as many commits with two rows each, whose protocol has checkpoints of the second kind.
fn commits(n: i64) -> Place {
    let place = Place::new();
    for version in 0..n {
        let add = place.add(&format!("{version}.parquet"), &[("id", longs(version * 2..version * 2 + 2))]);
        let head = if version == 0 { vec![protocol(&["v2Checkpoint"]), only_ids()] } else { Vec::new() };
        place.commit(version.unsigned_abs(), &[head, vec![add]].concat());
    }
    place
}

/// Lets the kernel write a checkpoint of the last version.
fn checkpoint(place: &Place, spec: V2CheckpointConfig) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let executor = Arc::new(TokioMultiThreadExecutor::new(runtime.handle().clone()));
    let engine: DefaultEngine<TokioMultiThreadExecutor> =
        DefaultEngineBuilder::new(Arc::new(LocalFileSystem::new())).with_task_executor(executor).build();
    let root = url::Url::from_directory_path(place.folder.path().canonicalize().unwrap()).unwrap();
    let snapshot: SnapshotRef = Snapshot::builder_for(root.as_str()).build(&engine).unwrap();
    snapshot.checkpoint(&engine, Some(&CheckpointSpec::V2(spec))).unwrap();
}

fn forget_commits(place: &Place, n: u64) {
    for version in 0..n {
        fs::remove_file(place.folder.path().join(format!("_delta_log/{version:020}.json"))).unwrap();
    }
}

fn sidecars(place: &Place) -> Vec<std::path::PathBuf> {
    let folder = fs::read_dir(place.folder.path().join("_delta_log/_sidecars"));
    folder.map(|files| files.map(|file| file.unwrap().path()).collect()).unwrap_or_default()
}

#[test]
fn a_checkpoint_with_sidecars_stands_for_the_commits_before_it() {
    for with_hint in [true, false] {
        let place = commits(5);
        checkpoint(&place, V2CheckpointConfig::WithSidecar { file_actions_per_sidecar_hint: Some(1) });
        forget_commits(&place, 4);
        let add = place.add("late.parquet", &[("id", longs(10..12))]);
        let remove = json!({"remove": {"path": "1.parquet", "deletionTimestamp": 1, "dataChange": true}});
        place.commit(5, &[add, remove]);
        if !with_hint {
            fs::remove_file(place.folder.path().join("_delta_log/_last_checkpoint")).unwrap();
        }
        assert!(!sidecars(&place).is_empty());
        assert_eq!(place.ids(None).unwrap(), [0, 1, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(place.ids(Some(AsOf::Version(4))).unwrap(), (0..10).collect::<Vec<_>>());
        assert!(place.ids(Some(AsOf::Version(2))).is_err());
        let table = place.open(None).unwrap();
        assert_eq!(ids(&scan(&table, &["id"], &["id > 6"]).unwrap()), [7, 8, 9, 10, 11]);
        let lost = sidecars(&place)[0].clone();
        fs::remove_file(&lost).unwrap();
        let told = place.ids(None).unwrap_err();
        assert!(
            told.contains(lost.file_name().unwrap().to_str().unwrap()) && told.contains("version 5"),
            "{told}"
        );
    }
}

#[test]
fn a_checkpoint_of_the_second_kind_needs_no_sidecars() {
    let place = commits(3);
    checkpoint(&place, V2CheckpointConfig::NoSidecar);
    forget_commits(&place, 3);
    assert!(sidecars(&place).is_empty());
    assert_eq!(place.ids(None).unwrap(), (0..6).collect::<Vec<_>>());
}

#[test]
fn a_checkpoint_of_json_is_one() {
    let place = Place::new();
    let adds = [0, 2].map(|start| place.add(&format!("{start}.parquet"), &[("id", longs(start..start + 2))]));
    let columns = metadata(&[("id", "long", json!({}))], &[], &json!({}));
    let lines = [
        vec![json!({"checkpointMetadata": {"version": 7}}), protocol(&["v2Checkpoint"]), columns],
        adds.to_vec(),
    ];
    let lines: Vec<String> = lines.concat().iter().map(ToString::to_string).collect();
    let name = "00000000000000000007.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json";
    place.write_log(name, &lines.join("\n"));
    place.commit(8, &[place.add("late.parquet", &[("id", longs(4..6))])]);
    assert_eq!(place.ids(None).unwrap(), (0..6).collect::<Vec<_>>());
    assert_eq!(place.ids(Some(AsOf::Version(7))).unwrap(), (0..4).collect::<Vec<_>>());
    place.write_log(name, &lines[..3].join("\n")[..40]);
    assert!(place.ids(None).is_err());
}
