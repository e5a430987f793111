//! Table `inputs`: edges between runs and what they read and made.
//!
//! A dataset that was read is an edge from the dataset to the run; a logged model is an edge from the run to
//! the model, also when the run read it. `source_type` and `destination_type` say which of these it is.

use std::collections::HashMap;

use forebay_db::{Error, FromRow, Row, Sql, Tx, Value};

use crate::model::dataset::{DatasetInput, ModelOutput, RunLinks};
use crate::model::run::RunId;
use crate::sql::datasets::DatasetRow;
use crate::sql::{IDS_PER_STATEMENT, ROWS_PER_STATEMENT, input_tags};

const INSERT: &str = "
    INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step) VALUES ";
const INSERT_END: &str = " ON CONFLICT DO NOTHING RETURNING input_uuid";

const SELECT_DATASETS: &str = "
    SELECT i.destination_id AS run_id, i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source,
        d.dataset_schema, d.dataset_profile
    FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
    WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id IN (";
const SELECT_DATASETS_END: &str = ") ORDER BY i.destination_id, d.name, d.digest, d.dataset_uuid";

const SELECT_MODELS: &str = "
    SELECT source_id AS run_id, source_type, destination_id AS model_id, step FROM inputs
    WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND destination_type IN ('MODEL_INPUT', 'MODEL_OUTPUT')
        AND source_id IN (";
const SELECT_MODELS_END: &str = ") ORDER BY source_id, step, destination_id";

/// An edge to be inserted.
#[derive(Debug, Clone)]
pub(crate) struct NewInput<'a> {
    pub(crate) uuid: &'a str,
    pub(crate) ends: Ends<'a>,
}

/// What an edge joins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ends<'a> {
    /// A run read the dataset of that UUID.
    DatasetRead { dataset_uuid: &'a str, run_id: &'a RunId },
    /// A run read the model.
    ModelRead { model_id: &'a str, run_id: &'a RunId },
    /// A run made the model.
    ModelMade { model_id: &'a str, run_id: &'a RunId, step: i64 },
}

impl NewInput<'_> {
    fn row(&self) -> [Value; 6] {
        let (source_type, source, destination_type, destination, step) = match self.ends {
            Ends::DatasetRead { dataset_uuid, run_id } => {
                ("DATASET", dataset_uuid, "RUN", run_id.as_str(), 0)
            }
            Ends::ModelRead { model_id, run_id } => {
                ("RUN_INPUT", run_id.as_str(), "MODEL_INPUT", model_id, 0)
            }
            Ends::ModelMade { model_id, run_id, step } => {
                ("RUN_OUTPUT", run_id.as_str(), "MODEL_OUTPUT", model_id, step)
            }
        };
        [
            self.uuid.into(),
            source_type.into(),
            source.into(),
            destination_type.into(),
            destination.into(),
            step.into(),
        ]
    }
}

/// Inserts edges where none joins the same ends; returns the UUIDs of those that went in.
pub(crate) async fn insert(tx: &mut Tx, inputs: &[NewInput<'_>]) -> Result<Vec<String>, Error> {
    let mut inserted = Vec::with_capacity(inputs.len());
    for inputs in inputs.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(INSERT);
        sql.push_rows(inputs.iter().map(NewInput::row)).push(INSERT_END);
        inserted.extend(tx.list::<UuidRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(inserted)
}

/// What went into those runs and came out of them; runs without any of it are left out.
pub(crate) async fn list_of_runs(tx: &mut Tx, ids: &[&RunId]) -> Result<HashMap<RunId, RunLinks>, Error> {
    let mut links: HashMap<RunId, RunLinks> = HashMap::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        add_datasets(tx, ids, &mut links).await?;
        add_models(tx, ids, &mut links).await?;
    }
    Ok(links)
}

async fn add_datasets(
    tx: &mut Tx,
    ids: &[&RunId],
    links: &mut HashMap<RunId, RunLinks>,
) -> Result<(), Error> {
    let mut sql = Sql::new(SELECT_DATASETS);
    sql.push_list(ids.iter().copied()).push(SELECT_DATASETS_END);
    let rows = tx.list::<DatasetInputRow>(sql).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut tags = input_tags::list_of_runs(tx, ids).await?;
    for row in rows {
        let tags = tags.remove(&row.input_uuid).unwrap_or_default();
        links.entry(row.run_id).or_default().datasets.push(DatasetInput { dataset: row.dataset.0, tags });
    }
    Ok(())
}

async fn add_models(tx: &mut Tx, ids: &[&RunId], links: &mut HashMap<RunId, RunLinks>) -> Result<(), Error> {
    let mut sql = Sql::new(SELECT_MODELS);
    sql.push_list(ids.iter().copied()).push(SELECT_MODELS_END);
    for row in tx.list::<ModelRow>(sql).await? {
        let links = links.entry(row.run_id).or_default();
        match row.source_type.as_str() {
            "RUN_INPUT" => links.model_inputs.push(row.output.model_id),
            _ => links.model_outputs.push(row.output),
        }
    }
    Ok(())
}

struct UuidRow(String);

impl FromRow for UuidRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("input_uuid").map(UuidRow)
    }
}

struct DatasetInputRow {
    run_id: RunId,
    input_uuid: String,
    dataset: DatasetRow,
}

impl FromRow for DatasetInputRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(DatasetInputRow {
            run_id: RunId::new(row.get("run_id")?),
            input_uuid: row.get("input_uuid")?,
            dataset: DatasetRow::from_row(row)?,
        })
    }
}

struct ModelRow {
    run_id: RunId,
    source_type: String,
    output: ModelOutput,
}

impl FromRow for ModelRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(ModelRow {
            run_id: RunId::new(row.get("run_id")?),
            source_type: row.get("source_type")?,
            output: ModelOutput { model_id: row.get("model_id")?, step: row.get("step")? },
        })
    }
}
