//! Table `logged_models`.

use forebay_db::{Cell, Error, FromRow, Row, Sql, Tx, Value};
use forebay_wire::enumeration::LoggedModelStatus;

use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;
use crate::model::logged_model::{LoggedModel, LoggedModelId};
use crate::model::run::RunId;
use crate::sql::lifecycle;

const INSERT: &str = "
    INSERT INTO logged_models
        (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms,
        status, lifecycle_stage, model_type, source_run_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// The columns of a [`LoggedModelRow`], for a statement that goes on with its own conditions.
pub(super) const SELECT: &str = "
    SELECT l.model_id, l.experiment_id, l.name, l.artifact_location, l.creation_timestamp_ms,
        l.last_updated_timestamp_ms, l.status, l.status_message, l.lifecycle_stage, l.model_type, l.source_run_id
    FROM logged_models l";

const FIND_EXPERIMENT: &str = "SELECT experiment_id FROM logged_models WHERE model_id = $1";

const FIND_LOCATION: &str =
    "SELECT artifact_location FROM logged_models WHERE model_id = $1 AND lifecycle_stage != 'deleted'";

const FIND_LOCATION_BY_NAME: &str = "
    SELECT artifact_location FROM logged_models
    WHERE source_run_id = $1 AND name = $2 AND lifecycle_stage != 'deleted'
    ORDER BY creation_timestamp_ms DESC LIMIT 1";

const SET_STATUS: &str =
    "UPDATE logged_models SET status = $2, last_updated_timestamp_ms = $3 WHERE model_id = $1";

const SET_LIFECYCLE: &str =
    "UPDATE logged_models SET lifecycle_stage = $2, last_updated_timestamp_ms = $3 WHERE model_id = $1";

impl From<&LoggedModelId> for Value {
    fn from(id: &LoggedModelId) -> Self {
        id.as_str().into()
    }
}

impl<'v> From<&'v LoggedModelId> for Cell<'v> {
    fn from(id: &'v LoggedModelId) -> Self {
        id.as_str().into()
    }
}

/// Inserts a model; its params and tags have their own tables.
pub(crate) async fn insert(tx: &mut Tx, model: &LoggedModel) -> Result<(), Error> {
    let insert = Sql::new(INSERT)
        .bind(&model.id)
        .bind(model.experiment_id)
        .bind(&model.name)
        .bind(&model.artifact_location)
        .bind(model.created_ms)
        .bind(model.updated_ms)
        .bind(code_of(model.status))
        .bind(model.lifecycle)
        .bind(model.model_type.clone())
        .bind(model.source_run_id.clone());
    tx.run(insert).await.map(drop)
}

/// The model with that id in any stage, without its params, tags and metrics.
pub(crate) async fn find(tx: &mut Tx, id: &LoggedModelId) -> Result<Option<LoggedModel>, Error> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE l.model_id = ").push_bind(id);
    Ok(tx.find::<LoggedModelRow>(sql).await?.map(|row| row.0))
}

/// The experiment of a model in any stage; the model does not vanish before this transaction ends.
pub(crate) async fn find_experiment(tx: &mut Tx, id: &LoggedModelId) -> Result<Option<ExperimentId>, Error> {
    let mut sql = Sql::new(FIND_EXPERIMENT).bind(id);
    sql.push(tx.engine().lock_shared());
    Ok(tx.find_cell(sql, "experiment_id").await?.map(ExperimentId))
}

/// The same, and no other transaction changes the model before this one ends.
pub(crate) async fn find_experiment_locked(
    tx: &mut Tx,
    id: &LoggedModelId,
) -> Result<Option<ExperimentId>, Error> {
    let mut sql = Sql::new(FIND_EXPERIMENT).bind(id);
    sql.push(tx.engine().lock_exclusive());
    Ok(tx.find_cell(sql, "experiment_id").await?.map(ExperimentId))
}

/// Where the files of a model are that is not deleted.
pub(crate) async fn find_artifact_location(tx: &mut Tx, id: &LoggedModelId) -> Result<Option<String>, Error> {
    tx.find_cell(Sql::new(FIND_LOCATION).bind(id), "artifact_location").await
}

/// Where the files of the latest model of a run are that has the name and is not deleted.
pub(crate) async fn find_location_by_name(
    tx: &mut Tx,
    run_id: &RunId,
    name: &str,
) -> Result<Option<String>, Error> {
    tx.find_cell(Sql::new(FIND_LOCATION_BY_NAME).bind(run_id).bind(name), "artifact_location").await
}

/// Returns 0 when there is no such model.
pub(crate) async fn set_status(
    tx: &mut Tx,
    id: &LoggedModelId,
    status: LoggedModelStatus,
    now_ms: i64,
) -> Result<u64, Error> {
    tx.run(Sql::new(SET_STATUS).bind(id).bind(code_of(status)).bind(now_ms)).await
}

/// Returns 0 when there is no such model.
pub(crate) async fn set_lifecycle(
    tx: &mut Tx,
    id: &LoggedModelId,
    stage: Lifecycle,
    now_ms: i64,
) -> Result<u64, Error> {
    tx.run(Sql::new(SET_LIFECYCLE).bind(id).bind(stage).bind(now_ms)).await
}

fn code_of(status: LoggedModelStatus) -> i64 {
    match status {
        LoggedModelStatus::Unspecified => 0,
        LoggedModelStatus::Pending => 1,
        LoggedModelStatus::Ready => 2,
        LoggedModelStatus::UploadFailed => 3,
    }
}

fn status(row: &Row) -> Result<LoggedModelStatus, Error> {
    match row.get::<i64>("status")? {
        0 => Ok(LoggedModelStatus::Unspecified),
        1 => Ok(LoggedModelStatus::Pending),
        2 => Ok(LoggedModelStatus::Ready),
        3 => Ok(LoggedModelStatus::UploadFailed),
        other => Err(Error::Inconsistent { column: "status", reason: other.to_string() }),
    }
}

/// A row of [`SELECT`].
pub(super) struct LoggedModelRow(pub(super) LoggedModel);

impl FromRow for LoggedModelRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(LoggedModelRow(LoggedModel {
            id: LoggedModelId::new(row.get("model_id")?),
            experiment_id: ExperimentId(row.get("experiment_id")?),
            name: row.get("name")?,
            artifact_location: row.get("artifact_location")?,
            created_ms: row.get("creation_timestamp_ms")?,
            updated_ms: row.get("last_updated_timestamp_ms")?,
            status: status(row)?,
            status_message: row.get("status_message")?,
            lifecycle: lifecycle(row)?,
            model_type: row.get("model_type")?,
            source_run_id: row.get("source_run_id")?,
            params: Vec::new(),
            tags: Vec::new(),
            metrics: Vec::new(),
        }))
    }
}
