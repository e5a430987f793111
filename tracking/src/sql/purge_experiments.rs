//! Experiments that are deleted for good, once runs, models and traces are out of them.
//!
//! Datasets, issues, label schemas and review queues go by the foreign keys.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;
use crate::sql::associations;

const LIST_DELETED: &str = "
    SELECT experiment_id FROM experiments
    WHERE workspace = 'default' AND lifecycle_stage = 'deleted' ORDER BY experiment_id";

const LIST_DELETED_UNTIL: &str = "
    SELECT experiment_id FROM experiments
    WHERE workspace = 'default' AND lifecycle_stage = 'deleted' AND last_update_time <= $1 ORDER BY experiment_id";

const FIND_STAGE: &str =
    "SELECT lifecycle_stage FROM experiments WHERE experiment_id = $1 AND workspace = 'default'";

const FIND_CONTENT: &str = "
    SELECT experiment_id FROM runs WHERE experiment_id = $1
    UNION ALL SELECT experiment_id FROM logged_models WHERE experiment_id = $1
    UNION ALL SELECT experiment_id FROM trace_info WHERE experiment_id = $1 LIMIT 1";

const DELETE_TAGS: &str = "DELETE FROM experiment_tags WHERE experiment_id = $1";
const DELETE_SCORERS: &str = "DELETE FROM scorers WHERE experiment_id = $1";
const DELETE_EXPERIMENT: &str = "DELETE FROM experiments WHERE experiment_id = $1";

const DELETE_TRACE_METRICS: &str = "DELETE FROM sql_trace_metric_daily_rollups WHERE experiment_id = $1";
const DELETE_SPAN_COSTS: &str = "DELETE FROM sql_span_cost_daily_rollups WHERE experiment_id = $1";
const DELETE_ASSESSMENTS: &str = "DELETE FROM sql_assessment_daily_rollups WHERE experiment_id = $1";
const DELETE_REBUILDS: &str = "DELETE FROM sql_trace_rollup_rebuild_queue WHERE experiment_id = $1";

/// One of the tables of daily sums, which came with MLflow 3.17, all together and without foreign keys.
const ROLLUPS: &str = "sql_trace_metric_daily_rollups";

/// Which deleted experiments.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expired {
    AtAnyTime,
    /// Not changed after that time, in milliseconds since the epoch.
    Until(i64),
}

/// Deleted experiments, in the order of their ids.
pub(crate) async fn list_expired(tx: &mut Tx, expired: Expired) -> Result<Vec<ExperimentId>, Error> {
    let sql = match expired {
        Expired::AtAnyTime => Sql::new(LIST_DELETED),
        Expired::Until(until_ms) => Sql::new(LIST_DELETED_UNTIL).bind(until_ms),
    };
    Ok(tx.list::<IdRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// Whether the experiment exists and is deleted; it stays so, and nothing comes into it, before this transaction
/// ends.
pub(crate) async fn lock_deleted(tx: &mut Tx, id: ExperimentId) -> Result<bool, Error> {
    let mut sql = Sql::new(FIND_STAGE).bind(id);
    sql.push(tx.engine().lock_removal());
    let stage = tx.find_cell::<Option<String>>(sql, "lifecycle_stage").await?.flatten();
    Ok(stage.as_deref() == Some(Lifecycle::Deleted.as_str()))
}

/// Whether there is a run, a logged model or a trace in it.
pub(crate) async fn is_occupied(tx: &mut Tx, id: ExperimentId) -> Result<bool, Error> {
    Ok(tx.find::<IdRow>(Sql::new(FIND_CONTENT).bind(id)).await?.is_some())
}

/// Deletes the experiment and all that hangs on it.
pub(crate) async fn delete(tx: &mut Tx, id: ExperimentId) -> Result<(), Error> {
    associations::delete(tx, "experiment", &id.to_string()).await?;
    let rollups = Sql::new(tx.engine().find_table()).bind(ROLLUPS);
    if tx.find_cell::<String>(rollups, "name").await?.is_some() {
        for text in [DELETE_TRACE_METRICS, DELETE_SPAN_COSTS, DELETE_ASSESSMENTS, DELETE_REBUILDS] {
            tx.run(Sql::new(text).bind(id)).await?;
        }
    }
    for text in [DELETE_TAGS, DELETE_SCORERS, DELETE_EXPERIMENT] {
        tx.run(Sql::new(text).bind(id)).await?;
    }
    Ok(())
}

struct IdRow(ExperimentId);

impl FromRow for IdRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(IdRow(ExperimentId(row.get("experiment_id")?)))
    }
}
