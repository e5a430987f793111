//! What gc deletes and what it must not, on the database and on disk.

use std::fs;
use std::path::PathBuf;

use forebay_core::clock::FixedClock;
use forebay_db::{Sql, Value, for_each_db};

use super::*;
use crate::artifacts::StoreSettings;
use crate::model::experiment::ExperimentId;
use crate::model::run::RunId;
use crate::testing::{NOW_MS, Scratch, scratch};
use crate::{Error, Tracking};

const DAY_MS: i64 = 86_400_000;

struct Fixture {
    scratch: Scratch,
    gc: Gc,
    destination: PathBuf,
}

impl Fixture {
    async fn new(db: Db) -> Self {
        let scratch = scratch(db.clone()).await;
        let destination = PathBuf::from(&scratch.tracking.config.artifacts_destination);
        fs::create_dir_all(&destination).unwrap();
        let stores = Stores {
            destination: destination.to_str().unwrap().to_owned(),
            settings: StoreSettings::default(),
        };
        let clock = Arc::new(FixedClock::new(NOW_MS + DAY_MS));
        let gc = Gc::open(db, clock, stores, Path::new("/")).await.unwrap();
        Fixture { scratch, gc, destination }
    }

    fn tracking(&self) -> &Tracking {
        &self.scratch.tracking
    }

    /// A deleted run with a file.
    async fn deleted_run(&self) -> RunId {
        let run = self.scratch.run().await;
        self.put(&format!("0/{run}/artifacts/model/weights"));
        self.tracking().delete_run(run.clone()).await.unwrap();
        run
    }

    fn put(&self, path: &str) {
        let path = self.destination.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "12345").unwrap();
    }

    fn has(&self, path: &str) -> bool {
        self.destination.join(path).exists()
    }

    async fn run_sql(&self, text: &'static str, values: &[&str]) {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let done = self.gc.db.write((text, values), |tx, (text, values)| {
            Box::pin(async move {
                let sql = values.iter().fold(Sql::new(text), Sql::bind);
                tx.run(sql).await.map(drop).map_err(Error::from)
            })
        });
        done.await.unwrap();
    }

    async fn count(&self, text: &'static str, value: impl Into<Value>) -> i64 {
        let mut tx = self.gc.db.read().await.unwrap();
        tx.find_cell(Sql::new(text).bind(value), "n").await.unwrap().unwrap()
    }

    async fn collect(&self, req: GcRequest, mode: Mode) -> (Result<Summary>, Vec<String>) {
        let mut told = Vec::new();
        let mut listener = |notice: &Notice| told.push(format!("{}: {:?}", notice.subject, notice.fate));
        let summary = self.gc.collect(req, mode, &mut listener).await;
        (summary, told)
    }

    async fn collect_all(&self) -> (Summary, Vec<String>) {
        let (summary, told) = self.collect(GcRequest::default(), Mode::Delete).await;
        (summary.unwrap(), told)
    }

    async fn refusal(&self, req: GcRequest) -> String {
        let (summary, told) = self.collect(req, Mode::Delete).await;
        assert!(told.is_empty(), "{told:?}");
        summary.unwrap_err().to_string()
    }
}

fn runs(ids: &str) -> GcRequest {
    GcRequest { run_ids: Some(ids.to_owned()), ..GcRequest::default() }
}

async fn experiment(it: &Fixture, name: &str, location: Option<String>) -> ExperimentId {
    let req = forebay_wire::experiments::CreateExperiment {
        name: Some(name.to_owned()),
        artifact_location: location,
        ..Default::default()
    };
    let new = crate::model::experiment::NewExperiment::from_wire(
        req,
        &it.tracking().config.locations,
        it.tracking().columns,
    );
    it.tracking().create_experiment(new.unwrap()).await.unwrap()
}

const COUNT_RUNS: &str = "SELECT count(*) AS n FROM runs WHERE run_uuid = $1";
const COUNT_TAGS: &str = "SELECT count(*) AS n FROM tags WHERE run_uuid = $1";
const COUNT_POINTS: &str = "SELECT count(*) AS n FROM metrics WHERE run_uuid = $1";

async fn deleted_runs_go_and_others_stay(db: Db) {
    let it = Fixture::new(db).await;
    let (gone, kept) = (it.deleted_run().await, it.scratch.run().await);
    it.put(&format!("0/{kept}/artifacts/x"));
    let (dry, told) = it.collect(GcRequest::default(), Mode::DryRun).await;
    let dry = dry.unwrap();
    assert_eq!((dry.runs, dry.locations, dry.n_files, dry.size_bytes), (1, 1, 1, 5));
    assert_eq!(told, [format!("Run with ID {gone}: Listed {{ n_files: 1, size_bytes: 5 }}")]);
    assert!(it.has(&format!("0/{gone}/artifacts/model/weights")));
    let (summary, told) = it.collect_all().await;
    assert_eq!(summary, Summary { runs: 1, locations: 1, ..Summary::default() });
    assert_eq!(told, [format!("Run with ID {gone}: Deleted")]);
    assert!(!it.has(&format!("0/{gone}/artifacts")) && it.has(&format!("0/{kept}/artifacts/x")));
    assert_eq!((it.count(COUNT_RUNS, &gone).await, it.count(COUNT_TAGS, &gone).await), (0, 0));
    assert_eq!(it.count(COUNT_RUNS, &kept).await, 1);
}

async fn what_is_named_must_be_deleted_and_old_enough_or_nothing_is_touched(db: Db) {
    let it = Fixture::new(db).await;
    let (deleted, active) = (it.deleted_run().await, it.scratch.run().await);
    let refused = it.refusal(runs(&format!("{deleted},{active}"))).await;
    assert!(refused.contains(&format!("Run {active} is not in `deleted` lifecycle stage")), "{refused}");
    assert_eq!(it.refusal(runs(&format!("{deleted},nope"))).await, "Run with id=nope not found");
    let age = |text: &str| GcRequest { older_than: Some(text.to_owned()), ..runs(deleted.as_str()) };
    let refused = it.refusal(age("1d1s")).await;
    assert!(refused.contains("Only runs older than 1d1s can be deleted"), "{refused}");
    let experiments = GcRequest { experiment_ids: Some("0".to_owned()), ..GcRequest::default() };
    let refused = it.refusal(experiments).await;
    assert!(refused.starts_with("Experiments ['0'] are not in the deleted lifecycle stage."), "{refused}");
    let models = GcRequest { logged_model_ids: Some("m-1".to_owned()), ..GcRequest::default() };
    assert_eq!(it.refusal(models).await, "Logged model with ID 'm-1' not found.");
    assert_eq!(it.count(COUNT_RUNS, &deleted).await, 1);
    let (summary, _) = it.collect(age("1d"), Mode::Delete).await;
    assert_eq!(summary.unwrap().runs, 1);
}

async fn a_claimed_run_cannot_be_restored_nor_with_its_experiment(db: Db) {
    let it = Fixture::new(db).await;
    let (claimed, other) = (it.deleted_run().await, it.deleted_run().await);
    it.tracking().delete_experiment(ExperimentId::DEFAULT).await.unwrap();
    it.run_sql("INSERT INTO tags (run_uuid, key, value) VALUES ($1, 'forebay.gc', '1')", &[claimed.as_str()])
        .await;
    let refused = it.tracking().restore_run(claimed.clone()).await;
    assert!(matches!(refused, Err(Error::RunBeingPurged(_))));
    it.tracking().restore_experiment(ExperimentId::DEFAULT).await.unwrap();
    let active = "SELECT count(*) AS n FROM runs WHERE run_uuid = $1 AND lifecycle_stage = 'active'";
    assert_eq!((it.count(active, &claimed).await, it.count(active, &other).await), (0, 1));
    let (summary, _) = it.collect_all().await;
    assert_eq!(summary.runs, 1);
    assert_eq!(it.count(COUNT_RUNS, &claimed).await, 0);
}

async fn a_claimed_experiment_cannot_be_restored(db: Db) {
    let it = Fixture::new(db).await;
    it.tracking().delete_experiment(ExperimentId::DEFAULT).await.unwrap();
    it.run_sql("INSERT INTO experiment_tags (experiment_id, key, value) SELECT 0, 'forebay.gc', $1", &["1"])
        .await;
    let refused = it.tracking().restore_experiment(ExperimentId::DEFAULT).await;
    assert!(matches!(refused, Err(Error::ExperimentBeingPurged(_))));
}

async fn a_location_that_is_not_the_owners_own_is_not_deleted(db: Db) {
    let it = Fixture::new(db).await;
    let (root, inner, fine) = (it.deleted_run().await, it.deleted_run().await, it.deleted_run().await);
    let outer = it.deleted_run().await;
    let set = "UPDATE runs SET artifact_uri = $1 WHERE run_uuid = $2";
    it.run_sql(set, &["mlflow-artifacts:/", root.as_str()]).await;
    it.run_sql(set, &["ftp://host/x", inner.as_str()]).await;
    let inside = it.destination.join(format!("0/{outer}/artifacts/model"));
    experiment(&it, "inside", Some(inside.to_str().unwrap().to_owned())).await;
    let (summary, told) = it.collect_all().await;
    assert_eq!((summary.runs, summary.failed), (1, 3), "{told:?}");
    let reason = |id: &RunId| told.iter().find(|line| line.contains(id.as_str())).unwrap().clone();
    assert!(reason(&root).contains("does not hold its id"), "{told:?}");
    assert!(reason(&inner).contains("'ftp' are not supported"), "{told:?}");
    assert!(reason(&outer).contains("also used by the experiment"), "{told:?}");
    assert!(it.has(&format!("0/{outer}/artifacts/model/weights")));
    assert!(!it.has(&format!("0/{fine}/artifacts")));
    assert_eq!(it.count(COUNT_RUNS, &outer).await, 1);
}

async fn a_location_that_somebody_else_has_through_a_link_is_not_deleted(db: Db) {
    let it = Fixture::new(db).await;
    let run = it.deleted_run().await;
    let link = it.destination.with_extension("link");
    std::os::unix::fs::symlink(&it.destination, &link).unwrap();
    let inside = link.join(format!("0/{run}/artifacts/model"));
    experiment(&it, "inside", Some(inside.to_str().unwrap().to_owned())).await;
    let (summary, told) = it.collect_all().await;
    assert_eq!(summary.failed, 1);
    assert!(told[0].contains("also used by the experiment"), "{told:?}");
    assert!(it.has(&format!("0/{run}/artifacts/model/weights")));
}

async fn proxied_artifacts_are_not_forgotten_where_the_destination_is_missing(db: Db) {
    let it = Fixture::new(db).await;
    let run = it.deleted_run().await;
    fs::rename(&it.destination, it.destination.with_extension("moved")).unwrap();
    let (summary, told) = it.collect_all().await;
    assert_eq!(summary.failed, 1);
    assert!(told[0].contains("does not exist"), "{told:?}");
    assert_eq!(it.count(COUNT_RUNS, &run).await, 1);
}

async fn an_experiment_goes_with_all_that_is_in_it(db: Db) {
    let it = Fixture::new(db).await;
    let id = experiment(&it, "gone", None).await.to_string();
    it.run_sql(
        "INSERT INTO runs (run_uuid, experiment_id, status, lifecycle_stage, artifact_uri)
         SELECT 'r' || CAST(experiment_id AS TEXT), experiment_id, 'FINISHED', 'active',
            'mlflow-artifacts:/x/r' || CAST(experiment_id AS TEXT) || '/artifacts'
         FROM experiments WHERE name = $1",
        &["gone"],
    )
    .await;
    for (model, stage) in [("m-1", "active"), ("m-2", "active"), ("m-3", "deleted")] {
        it.run_sql(
            "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms,
                last_updated_timestamp_ms, status, lifecycle_stage)
             SELECT $1, experiment_id, 'm', 'mlflow-artifacts:/x/models/' || $1 || '/artifacts', 1, 1, 2, $2
             FROM experiments WHERE name = 'gone'",
            &[model, stage],
        )
        .await;
        it.put(&format!("x/models/{model}/artifacts/MLmodel"));
    }
    it.run_sql("INSERT INTO registered_models (name, workspace) VALUES ($1, 'default')", &["used"]).await;
    it.run_sql(
        "INSERT INTO model_versions (name, version, workspace, source) VALUES ('used', 1, 'default', $1)",
        &["models:/m-2"],
    )
    .await;
    it.run_sql(
        "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
         SELECT $1, experiment_id, 1, 'OK' FROM experiments WHERE name = 'gone'",
        &["tr-1"],
    )
    .await;
    it.run_sql(
        "INSERT INTO trace_tags (request_id, key, value) VALUES ($1, 'mlflow.artifactLocation', $2)",
        &["tr-1", "mlflow-artifacts:/x/traces/tr-1/artifacts"],
    )
    .await;
    it.put("x/traces/tr-1/artifacts/traces.json");
    it.put(&format!("x/r{id}/artifacts/file"));
    let named = GcRequest { experiment_ids: Some(id.clone()), ..GcRequest::default() };
    it.tracking().delete_experiment(ExperimentId::parse(&id).unwrap()).await.unwrap();
    let run = RunId::new(format!("r{id}"));
    it.tracking().restore_run(run.clone()).await.unwrap();
    let refused = it.refusal(named.clone()).await;
    assert!(refused.contains(&format!("its run {run} is not deleted")), "{refused}");
    it.tracking().delete_run(run).await.unwrap();

    let (dry, _) = it.collect(named.clone(), Mode::DryRun).await;
    let (summary, told) = it.collect(named, Mode::Delete).await;
    let (dry, summary) = (dry.unwrap(), summary.unwrap());
    assert_eq!((summary.runs, summary.models, summary.traces, summary.experiments), (1, 3, 1, 1), "{told:?}");
    assert_eq!(dry, Summary { n_files: 4, size_bytes: 20, ..summary });
    assert_eq!(summary.failed, 0);
    assert!(told.iter().any(|line| line.contains("the registered model 'used' uses them")), "{told:?}");
    let left = ["m-1", "m-2", "m-3"].map(|model| it.has(&format!("x/models/{model}/artifacts/MLmodel")));
    assert_eq!(left, [false, true, false]);
    assert!(!it.has("x/traces/tr-1/artifacts"));
    assert!(!it.has(&format!("x/r{id}/artifacts")));
    assert_eq!(it.count("SELECT count(*) AS n FROM experiments WHERE name = $1", "gone").await, 0);
}

async fn an_experiment_that_lost_nothing_can_be_restored_and_one_that_did_cannot(db: Db) {
    let it = Fixture::new(db).await;
    let run = it.deleted_run().await;
    let set = "UPDATE runs SET artifact_uri = $1 WHERE run_uuid = $2";
    it.run_sql(set, &["mlflow-artifacts:/", run.as_str()]).await;
    let collect = async || {
        it.tracking().delete_experiment(ExperimentId::DEFAULT).await.unwrap();
        let named = GcRequest { experiment_ids: Some("0".to_owned()), ..GcRequest::default() };
        it.collect(named, Mode::Delete).await.0.unwrap()
    };
    assert_eq!(collect().await, Summary { failed: 2, ..Summary::default() });
    it.tracking().restore_experiment(ExperimentId::DEFAULT).await.unwrap();
    let active = "SELECT count(*) AS n FROM runs WHERE run_uuid = $1 AND lifecycle_stage = 'active'";
    assert_eq!(it.count(active, &run).await, 1);
    it.scratch.run().await;
    assert_eq!(collect().await, Summary { runs: 1, locations: 1, failed: 2, ..Summary::default() });
    for _ in 0..2 {
        let refused = it.tracking().restore_experiment(ExperimentId::DEFAULT).await;
        assert!(matches!(refused, Err(Error::ExperimentBeingPurged(_))));
        let again = GcRequest { experiment_ids: Some("0".to_owned()), ..GcRequest::default() };
        assert_eq!(it.collect(again, Mode::Delete).await.0.unwrap().failed, 2);
    }
}

/// A deleted run with 45,000 points of one metric, whose steps and times grow by so much.
async fn run_with_a_long_history(it: &Fixture, step: &str, time: &str) -> RunId {
    let run = it.deleted_run().await;
    it.run_sql(
        "INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000)
         SELECT $1, 'loss', i, i * CAST($2 AS INTEGER), i * CAST($3 AS INTEGER), false FROM n",
        &[run.as_str(), time, step],
    )
    .await;
    run
}

async fn a_long_history_goes_in_slices_even_if_all_of_it_is_at_one_step(db: Db) {
    let it = Fixture::new(db).await;
    let slice = async |id: &RunId| {
        let id = id.clone();
        it.gc.db.write(id, |tx, id| Box::pin(runs::delete_slice(tx, id))).await.unwrap()
    };
    for (step, time) in [("1", "1"), ("0", "1"), ("0", "0")] {
        let run = run_with_a_long_history(&it, step, time).await;
        assert!(slice(&run).await);
        assert_eq!(it.count(COUNT_POINTS, &run).await, 25_000);
        assert!(slice(&run).await);
        assert!(!slice(&run).await);
        assert_eq!(it.count(COUNT_POINTS, &run).await, 0);
    }
    let run = run_with_a_long_history(&it, "0", "1").await;
    assert_eq!(it.collect_all().await.0.runs, 4);
    assert_eq!(it.count(COUNT_POINTS, &run).await, 0);
}

for_each_db!(
    deleted_runs_go_and_others_stay,
    what_is_named_must_be_deleted_and_old_enough_or_nothing_is_touched,
    a_claimed_run_cannot_be_restored_nor_with_its_experiment,
    a_claimed_experiment_cannot_be_restored,
    an_experiment_that_lost_nothing_can_be_restored_and_one_that_did_cannot,
    a_location_that_is_not_the_owners_own_is_not_deleted,
    a_location_that_somebody_else_has_through_a_link_is_not_deleted,
    proxied_artifacts_are_not_forgotten_where_the_destination_is_missing,
    an_experiment_goes_with_all_that_is_in_it,
    a_long_history_goes_in_slices_even_if_all_of_it_is_at_one_step,
);
