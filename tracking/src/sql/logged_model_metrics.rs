//! Table `logged_model_metrics`: points that were logged on a run for one of its models.

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use crate::model::experiment::ExperimentId;
use crate::model::logged_model::{LoggedModelId, ModelMetric};
use crate::model::run::RunId;
use crate::sql::{IDS_PER_STATEMENT, ROWS_PER_STATEMENT};

// The rows must not vanish before the points that refer to them are in.
const SELECT_MODELS: &str = "SELECT model_id FROM logged_models WHERE model_id IN (";

const SELECT_SOME: &str = "
    SELECT model_id, metric_name, metric_timestamp_ms, metric_step, run_id, metric_value, dataset_name, dataset_digest
    FROM logged_model_metrics
    WHERE (model_id, metric_name, metric_timestamp_ms, metric_step, run_id) IN (VALUES ";

const LIST: &str = "
    SELECT model_id, metric_name, metric_timestamp_ms, metric_step, run_id, metric_value, dataset_name, dataset_digest
    FROM logged_model_metrics WHERE model_id IN (";
const LIST_END: &str = ") ORDER BY model_id, metric_name, metric_timestamp_ms, metric_step, run_id";

// This table has no mark for NaN; the same point of the run has.
const LIST_VALUES: &str = "
    SELECT l.metric_name, l.metric_value, l.dataset_name, l.dataset_digest, EXISTS (
        SELECT 1 FROM metrics m
        WHERE m.run_uuid = l.run_id AND m.key = l.metric_name AND m.timestamp = l.metric_timestamp_ms
            AND m.step = l.metric_step AND m.is_nan) AS is_nan
    FROM logged_model_metrics l WHERE l.model_id = $1 AND l.metric_name IN (";
const LIST_VALUES_END: &str = ") ORDER BY l.metric_step, l.metric_timestamp_ms, l.metric_value";

const LIST_VALUES_OF_RUN: &str = "
    SELECT l.metric_name, l.metric_value, l.dataset_name, l.dataset_digest, EXISTS (
        SELECT 1 FROM metrics m
        WHERE m.run_uuid = l.run_id AND m.key = l.metric_name AND m.timestamp = l.metric_timestamp_ms
            AND m.step = l.metric_step AND m.is_nan) AS is_nan
    FROM logged_model_metrics l WHERE l.run_id = $1 AND l.dataset_name IS NOT NULL AND l.metric_name IN (";
const LIST_VALUES_OF_RUN_END: &str = ") ORDER BY l.metric_step, l.metric_timestamp_ms, l.metric_value";

const INSERT: &str = "
    INSERT INTO logged_model_metrics
        (model_id, metric_name, metric_timestamp_ms, metric_step, run_id, metric_value, dataset_name,
        dataset_digest, experiment_id)
    VALUES ";
const INSERT_END: &str = " ON CONFLICT DO NOTHING";

/// What makes two points of a model the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PointKey<'a> {
    pub(crate) model_id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) timestamp_ms: i64,
    pub(crate) step: i64,
    pub(crate) run_id: &'a str,
}

/// What stands there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PointValue<'a> {
    /// Finite; 0 for NaN, which this table has no mark for.
    pub(crate) value: Option<f64>,
    pub(crate) dataset: Option<(&'a str, &'a str)>,
}

/// A stored point.
pub(crate) struct ModelPoint {
    model_id: String,
    name: String,
    timestamp_ms: i64,
    step: i64,
    run_id: String,
    value: Option<f64>,
    dataset: Option<(String, String)>,
}

impl ModelPoint {
    /// Where the point stands.
    pub(crate) fn key(&self) -> PointKey<'_> {
        PointKey {
            model_id: &self.model_id,
            name: &self.name,
            timestamp_ms: self.timestamp_ms,
            step: self.step,
            run_id: &self.run_id,
        }
    }

    /// What stands there.
    pub(crate) fn value(&self) -> PointValue<'_> {
        let dataset = self.dataset.as_ref().map(|(name, digest)| (name.as_str(), digest.as_str()));
        PointValue { value: self.value, dataset }
    }
}

/// Those of the ids that are logged models, deleted ones too; none is removed before this transaction ends.
pub(crate) async fn list_known_models(tx: &mut Tx, ids: &[&str]) -> Result<Vec<String>, Error> {
    let mut known = Vec::with_capacity(ids.len());
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(SELECT_MODELS);
        sql.push_list(ids.iter().copied()).push(") ORDER BY model_id").push(tx.engine().lock_shared());
        known.extend(tx.list::<ModelIdRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(known)
}

/// The points that stand at those places.
pub(crate) async fn list_named(tx: &mut Tx, keys: &[PointKey<'_>]) -> Result<Vec<ModelPoint>, Error> {
    let mut found = Vec::new();
    for keys in keys.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(SELECT_SOME);
        sql.push_rows(keys.iter().map(|key| {
            [
                key.model_id.into(),
                key.name.into(),
                key.timestamp_ms.into(),
                key.step.into(),
                key.run_id.into(),
            ]
        }));
        sql.push(")");
        found.extend(tx.list::<ModelPoint>(sql).await?);
    }
    Ok(found)
}

/// All points of those models, each model's by metric and time.
pub(crate) async fn list_of_models(
    tx: &mut Tx,
    ids: &[&LoggedModelId],
) -> Result<Vec<(LoggedModelId, ModelMetric)>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST);
        sql.push_list(ids.iter().copied()).push(LIST_END);
        found.extend(tx.list::<MetricRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

/// A value of a metric, without its time.
pub(crate) struct ModelValue {
    pub(crate) key: String,
    /// NaN where it is, or where there is none.
    pub(crate) value: f64,
    /// Name and digest.
    pub(crate) dataset: Option<(String, String)>,
}

/// The values of those metrics of a model, of each metric and dataset the latest last.
pub(crate) async fn list_values(
    tx: &mut Tx,
    id: &LoggedModelId,
    keys: &[String],
) -> Result<Vec<ModelValue>, Error> {
    let mut sql = Sql::new(LIST_VALUES).bind(id);
    sql.push_list(keys).push(LIST_VALUES_END);
    tx.list::<ModelValue>(sql).await
}

/// The values of those metrics that a run has logged for a dataset, of each metric and dataset the latest last.
pub(crate) async fn list_values_of_run(
    tx: &mut Tx,
    run_id: &RunId,
    keys: &[String],
) -> Result<Vec<ModelValue>, Error> {
    let mut sql = Sql::new(LIST_VALUES_OF_RUN).bind(run_id);
    sql.push_list(keys).push(LIST_VALUES_OF_RUN_END);
    tx.list::<ModelValue>(sql).await
}

/// A point to be inserted.
pub(crate) type NewPoint<'a> = (PointKey<'a>, PointValue<'a>, ExperimentId);

/// Inserts points where none stands; returns how many.
pub(crate) async fn insert(tx: &mut Tx, points: &[NewPoint<'_>]) -> Result<u64, Error> {
    let rows = points.iter().map(|(key, value, experiment_id)| {
        [
            key.model_id.into(),
            key.name.into(),
            key.timestamp_ms.into(),
            key.step.into(),
            key.run_id.into(),
            value.value.into(),
            value.dataset.map(|(name, _)| name).into(),
            value.dataset.map(|(_, digest)| digest).into(),
            (*experiment_id).into(),
        ]
    });
    tx.insert(Insert { head: INSERT, tail: INSERT_END }, rows).await
}

struct ModelIdRow(String);

impl FromRow for ModelIdRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("model_id").map(ModelIdRow)
    }
}

struct MetricRow((LoggedModelId, ModelMetric));

impl FromRow for MetricRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let metric = ModelMetric {
            key: row.get("metric_name")?,
            value: row.get("metric_value")?,
            timestamp_ms: row.get("metric_timestamp_ms")?,
            step: row.get("metric_step")?,
            run_id: row.get("run_id")?,
            dataset_name: row.get("dataset_name")?,
            dataset_digest: row.get("dataset_digest")?,
        };
        Ok(MetricRow((LoggedModelId::new(row.get("model_id")?), metric)))
    }
}

impl FromRow for ModelValue {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let value: Option<f64> = row.get("metric_value")?;
        let is_nan: bool = row.get("is_nan")?;
        let dataset_name: Option<String> = row.get("dataset_name")?;
        let dataset_digest: Option<String> = row.get("dataset_digest")?;
        Ok(ModelValue {
            key: row.get("metric_name")?,
            value: value.filter(|_| !is_nan).unwrap_or(f64::NAN),
            dataset: dataset_name.zip(dataset_digest),
        })
    }
}

impl FromRow for ModelPoint {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let dataset_name: Option<String> = row.get("dataset_name")?;
        let dataset_digest: Option<String> = row.get("dataset_digest")?;
        Ok(ModelPoint {
            model_id: row.get("model_id")?,
            name: row.get("metric_name")?,
            timestamp_ms: row.get("metric_timestamp_ms")?,
            step: row.get("metric_step")?,
            run_id: row.get("run_id")?,
            value: row.get("metric_value")?,
            dataset: dataset_name.zip(dataset_digest),
        })
    }
}
