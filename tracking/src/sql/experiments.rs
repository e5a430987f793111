//! Table `experiments`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::experiment::{Experiment, ExperimentId};
use crate::model::lifecycle::Lifecycle;
use crate::sql::lifecycle;

const INSERT: &str = "
    INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace)
    VALUES ($1, $2, 'active', $3, $3, 'default')
    ON CONFLICT (workspace, name) DO NOTHING
    RETURNING experiment_id";

// The default experiment's id is written, not drawn; two servers that start at once insert it once.
const INSERT_DEFAULT: &str = "
    INSERT INTO experiments
        (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace)
    SELECT 0, 'Default', $1, 'active', $2, $2, 'default' WHERE NOT EXISTS (SELECT 1 FROM experiments)
    ON CONFLICT DO NOTHING";

const SET_LOCATION: &str = "UPDATE experiments SET artifact_location = $2 WHERE experiment_id = $1";

const RENAME: &str = "UPDATE experiments SET name = $2, last_update_time = $3 WHERE experiment_id = $1";

const SET_LIFECYCLE: &str =
    "UPDATE experiments SET lifecycle_stage = $2, last_update_time = $3 WHERE experiment_id = $1";

const FIND_BY_ID: &str = "
    SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time
    FROM experiments WHERE experiment_id = $1 AND workspace = 'default'";

const FIND_BY_NAME: &str = "
    SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time
    FROM experiments WHERE name = $1 AND workspace = 'default'";

/// Inserts an active experiment and returns its new id; none when the name is taken.
pub(crate) async fn insert(
    tx: &mut Tx,
    name: &str,
    location: Option<&str>,
    now_ms: i64,
) -> Result<Option<ExperimentId>, Error> {
    let insert = Sql::new(INSERT).bind(name).bind(location.map(str::to_owned)).bind(now_ms);
    Ok(tx.find_cell(insert, "experiment_id").await?.map(ExperimentId))
}

/// Inserts experiment 0 where there is no experiment.
pub(crate) async fn insert_default(tx: &mut Tx, location: &str, now_ms: i64) -> Result<(), Error> {
    tx.run(Sql::new(INSERT_DEFAULT).bind(location).bind(now_ms)).await.map(drop)
}

pub(crate) async fn set_location(tx: &mut Tx, id: ExperimentId, location: &str) -> Result<u64, Error> {
    tx.run(Sql::new(SET_LOCATION).bind(id).bind(location)).await
}

/// The experiment with that id in any stage, without its tags.
pub(crate) async fn find(tx: &mut Tx, id: ExperimentId) -> Result<Option<Experiment>, Error> {
    Ok(tx.find::<ExperimentRow>(Sql::new(FIND_BY_ID).bind(id)).await?.map(|row| row.0))
}

/// The experiment with that name in any stage, without its tags.
pub(crate) async fn find_by_name(tx: &mut Tx, name: &str) -> Result<Option<Experiment>, Error> {
    Ok(tx.find::<ExperimentRow>(Sql::new(FIND_BY_NAME).bind(name)).await?.map(|row| row.0))
}

/// The same, and no other transaction changes it before this one ends.
pub(crate) async fn find_locked(tx: &mut Tx, id: ExperimentId) -> Result<Option<Experiment>, Error> {
    let mut sql = Sql::new(FIND_BY_ID).bind(id);
    sql.push(tx.engine().lock_exclusive());
    Ok(tx.find::<ExperimentRow>(sql).await?.map(|row| row.0))
}

pub(crate) async fn rename(tx: &mut Tx, id: ExperimentId, name: &str, now_ms: i64) -> Result<u64, Error> {
    tx.run(Sql::new(RENAME).bind(id).bind(name).bind(now_ms)).await
}

pub(crate) async fn set_lifecycle(
    tx: &mut Tx,
    id: ExperimentId,
    stage: Lifecycle,
    now_ms: i64,
) -> Result<u64, Error> {
    tx.run(Sql::new(SET_LIFECYCLE).bind(id).bind(stage).bind(now_ms)).await
}

/// An experiment without its tags.
pub(super) struct ExperimentRow(pub(super) Experiment);

impl FromRow for ExperimentRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(ExperimentRow(Experiment {
            id: ExperimentId(row.get("experiment_id")?),
            name: row.get("name")?,
            artifact_location: row.get("artifact_location")?,
            lifecycle: lifecycle(row)?,
            creation_time_ms: row.get("creation_time")?,
            last_update_time_ms: row.get("last_update_time")?,
            tags: Vec::new(),
        }))
    }
}
