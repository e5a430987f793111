//! Traces of experiments that are deleted for good. Spans, assessments and all else of a trace go by the foreign
//! keys.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::Error as DomainError;
use crate::model::experiment::ExperimentId;
use crate::sql::associations;

const PAGE: &str = "
    SELECT t.request_id, t.experiment_id, g.value AS location
    FROM trace_info t LEFT JOIN trace_tags g ON g.request_id = t.request_id AND g.key = 'mlflow.artifactLocation'
    WHERE t.request_id > $1 AND t.experiment_id IN (";

const DELETE: &str = "
    DELETE FROM trace_info
    WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE lifecycle_stage = 'deleted')
        AND request_id IN (";

/// What must be known of a trace to delete it.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) id: String,
    pub(crate) experiment_id: ExperimentId,
    pub(crate) location: Option<String>,
}

/// The next traces after that one, in the order of their ids.
pub(crate) async fn page(
    tx: &mut Tx,
    experiments: &[ExperimentId],
    after: &str,
    n_rows: i64,
) -> Result<Vec<Candidate>, Error> {
    if experiments.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(PAGE).bind(after);
    sql.push_list(experiments.iter().copied()).push(") ORDER BY t.request_id LIMIT ").push_bind(n_rows);
    tx.list(sql).await
}

/// Deletes those traces whose experiment is deleted.
pub(crate) async fn delete(tx: &mut Tx, ids: &[String]) -> Result<(), DomainError> {
    for id in ids {
        associations::delete(tx, "trace", id).await?;
    }
    let mut sql = Sql::new(DELETE);
    sql.push_list(ids).push(")");
    tx.run(sql).await?;
    Ok(())
}

impl FromRow for Candidate {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Candidate {
            id: row.get("request_id")?,
            experiment_id: ExperimentId(row.get("experiment_id")?),
            location: row.get("location")?,
        })
    }
}
