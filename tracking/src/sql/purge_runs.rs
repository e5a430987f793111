//! Runs that are deleted for good: finding them, and deleting them with all rows that hang on them.
//!
//! What logged models measured in a run goes by the foreign key, and issues found in it forget it.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;
use crate::model::run::RunId;
use crate::sql::purge_scope::{self, PurgeQueries, PurgeScope};
use crate::sql::{associations, lifecycle};

const PAGE_DELETED: &str = "
    SELECT r.run_uuid, r.experiment_id, r.artifact_uri, r.lifecycle_stage, r.deleted_time
    FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id AND e.workspace = 'default'
    WHERE r.lifecycle_stage = 'deleted' AND r.deleted_time <= $1 AND r.run_uuid > $2
    ORDER BY r.run_uuid LIMIT $3";

const PAGE_OF_EXPERIMENTS: &str = "
    SELECT r.run_uuid, r.experiment_id, r.artifact_uri, r.lifecycle_stage, r.deleted_time FROM runs r
    WHERE r.run_uuid > $1 AND r.experiment_id IN (";

const LISTED: &str = "
    SELECT r.run_uuid, r.experiment_id, r.artifact_uri, r.lifecycle_stage, r.deleted_time
    FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id AND e.workspace = 'default'
    WHERE r.run_uuid IN (";

const QUERIES: PurgeQueries = PurgeQueries {
    deleted: PAGE_DELETED,
    of_experiments: PAGE_OF_EXPERIMENTS,
    of_experiments_end: ") ORDER BY r.run_uuid LIMIT ",
    listed: LISTED,
};

const FIND_HOLDING_BACK: &str = "
    SELECT r.run_uuid, r.experiment_id, r.artifact_uri, r.lifecycle_stage, r.deleted_time FROM runs r
    WHERE r.experiment_id = $1 AND (coalesce(r.lifecycle_stage, 'active') != 'deleted' OR r.deleted_time > $2)
    ORDER BY r.run_uuid LIMIT 1";

const LOCK_EXPERIMENT: &str = "
    SELECT experiment_id FROM experiments
    WHERE experiment_id = (SELECT experiment_id FROM runs WHERE run_uuid = $1)";

const FIND_STAGE: &str = "SELECT lifecycle_stage FROM runs WHERE run_uuid = $1";

/// Points of a run that are deleted in one transaction.
const SLICE: i64 = 20_000;

const DELETE_TAGS_OF_DATASETS: &str = "
    DELETE FROM input_tags WHERE input_uuid IN
        (SELECT input_uuid FROM inputs WHERE destination_type = 'RUN' AND destination_id = $1)";

const DELETE_TAGS_OF_MODELS: &str = "
    DELETE FROM input_tags WHERE input_uuid IN
        (SELECT input_uuid FROM inputs WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id = $1)";

const DELETE_DATASET_EDGES: &str =
    "DELETE FROM inputs WHERE destination_type = 'RUN' AND destination_id = $1";

const DELETE_MODEL_EDGES: &str =
    "DELETE FROM inputs WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id = $1";

const DELETE_METRICS: &str = "DELETE FROM metrics WHERE run_uuid = $1";
const DELETE_LATEST_METRICS: &str = "DELETE FROM latest_metrics WHERE run_uuid = $1";
const DELETE_PARAMS: &str = "DELETE FROM params WHERE run_uuid = $1";
const DELETE_TAGS: &str = "DELETE FROM tags WHERE run_uuid = $1";
const DELETE_RUN: &str = "DELETE FROM runs WHERE run_uuid = $1";

/// What hangs on a run, in an order that no foreign key minds.
const DELETE_ALL: [&str; 9] = [
    DELETE_TAGS_OF_DATASETS,
    DELETE_TAGS_OF_MODELS,
    DELETE_DATASET_EDGES,
    DELETE_MODEL_EDGES,
    DELETE_METRICS,
    DELETE_LATEST_METRICS,
    DELETE_PARAMS,
    DELETE_TAGS,
    DELETE_RUN,
];

/// What must be known of a run to delete it.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) id: RunId,
    pub(crate) experiment_id: ExperimentId,
    pub(crate) location: Option<String>,
    pub(crate) lifecycle: Lifecycle,
    /// Milliseconds since the epoch.
    pub(crate) deleted_ms: Option<i64>,
}

/// The next runs after that one, in the order of their ids; those of a list all at once.
pub(crate) async fn page(
    tx: &mut Tx,
    scope: &PurgeScope<RunId>,
    after: Option<&RunId>,
    n_rows: i64,
) -> Result<Vec<Candidate>, Error> {
    purge_scope::page(tx, &QUERIES, scope, after.map_or("", RunId::as_str), n_rows).await
}

/// The run with that id in any stage.
pub(crate) async fn find(tx: &mut Tx, id: &RunId) -> Result<Option<Candidate>, Error> {
    Ok(purge_scope::listed(tx, &QUERIES, std::slice::from_ref(id)).await?.pop())
}

/// A run of the experiment that is not deleted, or was deleted after that time.
pub(crate) async fn find_holding_back(
    tx: &mut Tx,
    id: ExperimentId,
    until_ms: i64,
) -> Result<Option<Candidate>, Error> {
    tx.find(Sql::new(FIND_HOLDING_BACK).bind(id).bind(until_ms)).await
}

/// Makes those wait that would delete or restore the experiment of a run.
pub(crate) async fn lock_experiment_of(tx: &mut Tx, id: &RunId) -> Result<(), Error> {
    let mut sql = Sql::new(LOCK_EXPERIMENT).bind(id);
    sql.push(tx.engine().lock_shared());
    tx.find_cell::<i64>(sql, "experiment_id").await.map(drop)
}

/// Whether the run exists and is deleted; it stays so before this transaction ends.
pub(crate) async fn lock_deleted(tx: &mut Tx, id: &RunId) -> Result<bool, Error> {
    let mut sql = Sql::new(FIND_STAGE).bind(id);
    sql.push(tx.engine().lock_removal());
    let stage = tx.find_cell::<Option<String>>(sql, "lifecycle_stage").await?.flatten();
    Ok(stage.as_deref() == Some(Lifecycle::Deleted.as_str()))
}

/// Deletes some points of a run; false when there are no more.
///
/// Which ones is all the same, and no column would do to cut by: all points of a metric may have the same step, and
/// the same time, and no index leads from a run to its times.
pub(crate) async fn delete_metrics_slice(tx: &mut Tx, id: &RunId) -> Result<bool, Error> {
    let place = tx.engine().row_place();
    let mut sql = Sql::new("DELETE FROM metrics WHERE ");
    sql.push(place).push(" IN (SELECT ").push(place).push(" FROM metrics WHERE run_uuid = ").push_bind(id);
    sql.push(" LIMIT ").push_bind(SLICE).push(")");
    let n_deleted = tx.run(sql).await?;
    Ok(i64::try_from(n_deleted).is_ok_and(|n_deleted| n_deleted == SLICE))
}

/// Deletes the run and all that hangs on it.
pub(crate) async fn delete(tx: &mut Tx, id: &RunId) -> Result<(), Error> {
    associations::delete(tx, "run", id.as_str()).await?;
    for text in DELETE_ALL {
        tx.run(Sql::new(text).bind(id)).await?;
    }
    Ok(())
}

impl FromRow for Candidate {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Candidate {
            id: RunId::new(row.get("run_uuid")?),
            experiment_id: ExperimentId(row.get("experiment_id")?),
            location: row.get("artifact_uri")?,
            lifecycle: lifecycle(row)?,
            deleted_ms: row.get("deleted_time")?,
        })
    }
}
