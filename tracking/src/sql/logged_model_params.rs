//! Table `logged_model_params`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::experiment::ExperimentId;
use crate::model::logged_model::LoggedModelId;
use crate::model::param::Param;
use crate::sql::{IDS_PER_STATEMENT, ROWS_PER_STATEMENT};

const INSERT: &str =
    "INSERT INTO logged_model_params (model_id, experiment_id, param_key, param_value) VALUES ";
const INSERT_END: &str = " ON CONFLICT DO NOTHING RETURNING param_key";

const LIST: &str = "SELECT model_id, param_key, param_value FROM logged_model_params WHERE model_id IN (";
const LIST_END: &str = ") ORDER BY model_id, param_key";

/// Inserts params whose keys the model does not have; returns the keys of those that went in.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: &LoggedModelId,
    experiment_id: ExperimentId,
    params: &[Param],
) -> Result<Vec<String>, Error> {
    let mut inserted = Vec::with_capacity(params.len());
    for params in params.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(INSERT);
        sql.push_rows(
            params
                .iter()
                .map(|param| [id.into(), experiment_id.into(), (&param.key).into(), (&param.value).into()]),
        );
        sql.push(INSERT_END);
        inserted.extend(tx.list::<KeyRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(inserted)
}

/// The params of those models, by model and key.
pub(crate) async fn list(tx: &mut Tx, ids: &[&LoggedModelId]) -> Result<Vec<(LoggedModelId, Param)>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST);
        sql.push_list(ids.iter().copied()).push(LIST_END);
        found.extend(tx.list::<ParamRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

struct KeyRow(String);

impl FromRow for KeyRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("param_key").map(KeyRow)
    }
}

struct ParamRow((LoggedModelId, Param));

impl FromRow for ParamRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let param = Param { key: row.get("param_key")?, value: row.get("param_value")? };
        Ok(ParamRow((LoggedModelId::new(row.get("model_id")?), param)))
    }
}
