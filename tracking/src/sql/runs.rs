//! Table `runs`.

use forebay_db::{Cell, Error, FromRow, Insert, Row, Sql, Tx, Value};
use forebay_wire::enumeration::RunStatus;

use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;
use crate::model::run::{RunId, RunInfo, RunUpdate};
use crate::sql::{IDS_PER_STATEMENT, ROWS_PER_STATEMENT, lifecycle};

/// The columns of a [`RunRow`], for a statement that goes on with its own joins and conditions.
pub(crate) const SELECT: &str = "
    SELECT runs.run_uuid, runs.experiment_id, runs.name, runs.user_id, runs.status, runs.start_time, runs.end_time,
        runs.lifecycle_stage, runs.artifact_uri
    FROM runs";

const SELECT_STATES: &str = "SELECT run_uuid, experiment_id, lifecycle_stage FROM runs WHERE run_uuid IN (";

const SELECT_HOMES: &str = "
    SELECT experiment_id, artifact_location, lifecycle_stage FROM experiments
    WHERE workspace = 'default' AND experiment_id IN (";

const INSERT: &str = "
    INSERT INTO runs
        (run_uuid, experiment_id, name, user_id, status, start_time, lifecycle_stage, artifact_uri,
        source_type, source_name, entry_point_name, source_version)
    VALUES ";

// What is not given stays: a run's status, end and name are never set back to nothing.
const UPDATE: &str = "
    UPDATE runs SET
        status = coalesce($2, status), end_time = coalesce($3, end_time), name = coalesce($4, name)
    WHERE run_uuid = $1";

const RENAME: &str = "UPDATE runs SET name = named.column2 FROM (VALUES ";
const RENAME_END: &str = ") AS named WHERE runs.run_uuid = named.column1";

const SET_LIFECYCLE: &str = "UPDATE runs SET lifecycle_stage = $2, deleted_time = $3 WHERE run_uuid = $1";

// A run that gc has claimed stays deleted.
const SET_LIFECYCLE_OF_EXPERIMENT: &str = "
    UPDATE runs SET lifecycle_stage = $2, deleted_time = $3 WHERE experiment_id = $1 AND NOT EXISTS
        (SELECT 1 FROM tags t WHERE t.run_uuid = runs.run_uuid AND t.key = 'forebay.gc')";

impl From<&RunId> for Value {
    fn from(id: &RunId) -> Self {
        id.as_str().into()
    }
}

impl<'v> From<&'v RunId> for Cell<'v> {
    fn from(id: &'v RunId) -> Self {
        id.as_str().into()
    }
}

/// The id in a row's column `run_uuid`.
pub(crate) fn run_id(row: &Row) -> Result<RunId, Error> {
    row.get("run_uuid").map(RunId::new)
}

/// The run with that id in any stage.
pub(crate) async fn find(tx: &mut Tx, id: &RunId) -> Result<Option<RunInfo>, Error> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE runs.run_uuid = ").push_bind(id);
    Ok(tx.find::<RunRow>(sql).await?.map(|row| row.0))
}

/// As [`find`], and nobody else may change the run before this transaction ends.
pub(crate) async fn find_for_update(tx: &mut Tx, id: &RunId) -> Result<Option<RunInfo>, Error> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE runs.run_uuid = ").push_bind(id).push(tx.engine().lock_exclusive());
    Ok(tx.find::<RunRow>(sql).await?.map(|row| row.0))
}

/// What must be known of a run before something is logged on it.
#[derive(Debug, Clone)]
pub(crate) struct RunState {
    pub(crate) id: RunId,
    pub(crate) experiment_id: ExperimentId,
    pub(crate) lifecycle: Lifecycle,
}

/// Whether the caller will only refer to the rows it reads, or change them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    Shared,
    Exclusive,
}

/// The states of those runs that exist; none of them changes before this transaction ends.
pub(crate) async fn list_states(tx: &mut Tx, ids: &[&RunId], lock: Lock) -> Result<Vec<RunState>, Error> {
    let mut states = Vec::with_capacity(ids.len());
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(SELECT_STATES);
        // One order for all, so that two transactions do not wait for each other.
        sql.push_list(ids.iter().copied()).push(") ORDER BY run_uuid").push(match lock {
            Lock::Shared => tx.engine().lock_shared(),
            Lock::Exclusive => tx.engine().lock_exclusive(),
        });
        states.extend(tx.list::<StateRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(states)
}

/// What must be known of an experiment before a run is created in it.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) experiment_id: ExperimentId,
    pub(crate) artifact_location: Option<String>,
    pub(crate) lifecycle: Lifecycle,
}

/// Those experiments that exist; none of them changes before this transaction ends.
pub(crate) async fn list_homes(tx: &mut Tx, ids: &[ExperimentId]) -> Result<Vec<Home>, Error> {
    let mut homes = Vec::with_capacity(ids.len());
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(SELECT_HOMES);
        sql.push_list(ids.iter().copied()).push(") ORDER BY experiment_id").push(tx.engine().lock_shared());
        homes.extend(tx.list::<HomeRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(homes)
}

/// Inserts new runs.
pub(crate) async fn insert(tx: &mut Tx, runs: &[&RunInfo]) -> Result<(), Error> {
    let rows = runs.iter().map(|run| {
        [
            (&run.id).into(),
            run.experiment_id.into(),
            (&run.name).into(),
            (&run.user_id).into(),
            run.status.as_str().into(),
            run.start_time_ms.into(),
            run.lifecycle.into(),
            (&run.artifact_uri).into(),
            // Columns that MLflow fills with these since sources became tags.
            "UNKNOWN".into(),
            "".into(),
            "".into(),
            "".into(),
        ]
    });
    tx.insert(Insert { head: INSERT, tail: "" }, rows).await.map(drop)
}

/// Changes what the update names.
pub(crate) async fn update(tx: &mut Tx, update: &RunUpdate) -> Result<(), Error> {
    let sql = Sql::new(UPDATE)
        .bind(&update.id)
        .bind(update.status.map(RunStatus::as_str))
        .bind(update.end_time_ms)
        .bind(update.name.clone());
    tx.run(sql).await.map(drop)
}

/// Gives runs their new names.
pub(crate) async fn rename(tx: &mut Tx, names: &[(&RunId, &str)]) -> Result<(), Error> {
    for names in names.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(RENAME);
        sql.push_rows(names.iter().map(|(id, name)| [(*id).into(), (*name).into()])).push(RENAME_END);
        tx.run(sql).await?;
    }
    Ok(())
}

/// Marks a run; returns 0 when there is none of that id.
pub(crate) async fn set_lifecycle(
    tx: &mut Tx,
    id: &RunId,
    stage: Lifecycle,
    deleted_time_ms: Option<i64>,
) -> Result<u64, Error> {
    tx.run(Sql::new(SET_LIFECYCLE).bind(id).bind(stage).bind(deleted_time_ms)).await
}

/// Marks all runs of an experiment, whatever their stage was; `now_ms` becomes the time of deletion.
pub(crate) async fn set_lifecycle_of_experiment(
    tx: &mut Tx,
    id: ExperimentId,
    stage: Lifecycle,
    now_ms: i64,
) -> Result<u64, Error> {
    let deleted_time_ms = (stage == Lifecycle::Deleted).then_some(now_ms);
    tx.run(Sql::new(SET_LIFECYCLE_OF_EXPERIMENT).bind(id).bind(stage).bind(deleted_time_ms)).await
}

/// A row of [`SELECT`].
pub(crate) struct RunRow(pub(crate) RunInfo);

impl FromRow for RunRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(RunRow(RunInfo {
            id: run_id(row)?,
            experiment_id: ExperimentId(row.get("experiment_id")?),
            name: row.get("name")?,
            user_id: row.get("user_id")?,
            status: status(row)?,
            start_time_ms: row.get("start_time")?,
            end_time_ms: row.get("end_time")?,
            lifecycle: lifecycle(row)?,
            artifact_uri: row.get("artifact_uri")?,
        }))
    }
}

fn status(row: &Row) -> Result<RunStatus, Error> {
    const COLUMN: &str = "status";
    let name: String = row.get(COLUMN)?;
    RunStatus::from_name(&name)
        .ok_or_else(|| Error::Inconsistent { column: COLUMN, reason: format!("'{name}'") })
}

struct StateRow(RunState);

impl FromRow for StateRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let experiment_id = ExperimentId(row.get("experiment_id")?);
        Ok(StateRow(RunState { id: run_id(row)?, experiment_id, lifecycle: lifecycle(row)? }))
    }
}

struct HomeRow(Home);

impl FromRow for HomeRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(HomeRow(Home {
            experiment_id: ExperimentId(row.get("experiment_id")?),
            artifact_location: row.get("artifact_location")?,
            lifecycle: lifecycle(row)?,
        }))
    }
}
