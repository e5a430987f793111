//! Table `datasets`: what runs of an experiment read, each dataset stored once.

use std::collections::HashMap;

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use crate::model::dataset::{Dataset, DatasetSummary};
use crate::model::experiment::ExperimentId;
use crate::sql::ROWS_PER_STATEMENT;

const INSERT: &str = "
    INSERT INTO datasets
        (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema,
        dataset_profile)
    VALUES ";
const INSERT_END: &str = " ON CONFLICT DO NOTHING";

const SELECT_UUIDS: &str = "
    SELECT dataset_uuid, name, digest FROM datasets WHERE experiment_id = $1 AND (name, digest) IN (VALUES ";

// The table `inputs` has its key on the source, so that the join needs no scan.
const SUMMARIES: &str = "
    SELECT DISTINCT d.experiment_id, d.name, d.digest, t.value AS context
    FROM datasets d
    JOIN inputs i ON i.source_type = 'DATASET' AND i.source_id = d.dataset_uuid
    LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'
    WHERE d.experiment_id IN (";
const SUMMARIES_END: &str = ") ORDER BY d.experiment_id, d.name, d.digest, context LIMIT 1000";

/// Inserts datasets, given with new UUIDs, where the experiment has none of the same name and digest.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: ExperimentId,
    datasets: &[(&str, &Dataset)],
) -> Result<(), Error> {
    let rows = datasets.iter().map(|(uuid, dataset)| {
        [
            (*uuid).into(),
            id.into(),
            (&dataset.name).into(),
            (&dataset.digest).into(),
            (&dataset.source_type).into(),
            (&dataset.source).into(),
            (&dataset.schema).into(),
            (&dataset.profile).into(),
        ]
    });
    tx.insert(Insert { head: INSERT, tail: INSERT_END }, rows).await.map(drop)
}

/// The UUIDs of datasets of an experiment by name and digest.
pub(crate) async fn list_uuids(
    tx: &mut Tx,
    id: ExperimentId,
    names: &[(&str, &str)],
) -> Result<HashMap<(String, String), String>, Error> {
    let mut uuids = HashMap::with_capacity(names.len());
    for names in names.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(SELECT_UUIDS).bind(id);
        sql.push_rows(names.iter().map(|(name, digest)| [(*name).into(), (*digest).into()])).push(")");
        uuids.extend(tx.list::<UuidRow>(sql).await?.into_iter().map(|row| (row.key, row.uuid)));
    }
    Ok(uuids)
}

/// The distinct datasets of those experiments with what they were read for, at most 1,000.
pub(crate) async fn list_summaries(tx: &mut Tx, ids: &[ExperimentId]) -> Result<Vec<DatasetSummary>, Error> {
    let mut sql = Sql::new(SUMMARIES);
    sql.push_list(ids.iter().copied()).push(SUMMARIES_END);
    Ok(tx.list::<SummaryRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

struct UuidRow {
    key: (String, String),
    uuid: String,
}

impl FromRow for UuidRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(UuidRow { key: (row.get("name")?, row.get("digest")?), uuid: row.get("dataset_uuid")? })
    }
}

/// The columns that make a dataset.
pub(super) struct DatasetRow(pub(super) Dataset);

impl FromRow for DatasetRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(DatasetRow(Dataset {
            name: row.get("name")?,
            digest: row.get("digest")?,
            source_type: row.get("dataset_source_type")?,
            source: row.get("dataset_source")?,
            schema: row.get("dataset_schema")?,
            profile: row.get("dataset_profile")?,
        }))
    }
}

struct SummaryRow(DatasetSummary);

impl FromRow for SummaryRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(SummaryRow(DatasetSummary {
            experiment_id: ExperimentId(row.get("experiment_id")?),
            name: row.get("name")?,
            digest: row.get("digest")?,
            context: row.get("context")?,
        }))
    }
}
