//! For tests of use cases: tracking on a fresh database, with a clock that stands still and ids that count.

use std::sync::Arc;

use forebay_core::clock::FixedClock;
use forebay_core::ids::SequentialIds;
use forebay_db::{Db, Error, FromRow, Row, Sql};
use forebay_web::serving::Serving;
use forebay_wire::runs::CreateRun;

use crate::model::run::{NewRun, RunId};
use crate::{Config, GraphqlLimits, LocationRules, LongValues, StoreSettings, Tracking};

/// What the clock shows, in milliseconds since the epoch.
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

/// The steps of SQLite's plan for a statement that begins with `EXPLAIN QUERY PLAN`.
pub(crate) async fn plan(db: &Db, sql: Sql) -> Vec<String> {
    let steps = db.read().await.unwrap().list::<PlanRow>(sql).await.unwrap();
    steps.into_iter().map(|row| row.0).collect()
}

struct PlanRow(String);

impl FromRow for PlanRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("detail").map(PlanRow)
    }
}

/// Tracking, and the folder for its artifacts, which is removed with it.
pub(crate) struct Scratch {
    pub(crate) tracking: Tracking,
    _folder: tempfile::TempDir,
}

pub(crate) async fn scratch(db: Db) -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let config = Config {
        artifact_root: "mlflow-artifacts:/".to_owned(),
        artifacts_destination: format!("{path}/artifacts"),
        object_stores: StoreSettings::default(),
        serving: Serving::All,
        long_values: LongValues::Truncate,
        locations: LocationRules { max_chars: 2_048, folder: path.to_owned() },
        graphql: GraphqlLimits { max_root_fields: 10, max_aliases: 10 },
    };
    let (clock, ids) = (Arc::new(FixedClock::new(NOW_MS)), Arc::new(SequentialIds::default()));
    let tracking = Tracking::open(db, clock, ids, config).await.unwrap();
    Scratch { tracking, _folder: folder }
}

impl Scratch {
    /// A new run in the default experiment.
    pub(crate) async fn run(&self) -> RunId {
        let req = CreateRun { experiment_id: Some("0".to_owned()), ..CreateRun::default() };
        let new = NewRun::from_wire(req, self.tracking.columns).unwrap();
        self.tracking.create_run(new).await.unwrap().info.id
    }
}
