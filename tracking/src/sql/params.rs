//! Table `params`.

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use crate::model::param::Param;
use crate::model::run::RunId;
use crate::sql::runs::run_id;
use crate::sql::{ROWS_PER_STATEMENT, by_run};

const SELECT: &str = "SELECT run_uuid, key, value FROM params WHERE run_uuid IN (";

const SELECT_SOME: &str = "SELECT run_uuid, key, value FROM params WHERE (key, run_uuid) IN (VALUES ";
const SELECT_SOME_END: &str = ")";

const INSERT: &str = "INSERT INTO params (key, value, run_uuid) VALUES ";
const INSERT_END: &str = " ON CONFLICT DO NOTHING";

/// The params of each of those runs, by key.
pub(crate) async fn list(tx: &mut Tx, ids: &[&RunId]) -> Result<Vec<Vec<Param>>, Error> {
    by_run::list(tx, SELECT, ids, param, |param| &param.key).await
}

/// Those of the named params that exist.
pub(crate) async fn list_named(tx: &mut Tx, names: &[(&RunId, &str)]) -> Result<Vec<(RunId, Param)>, Error> {
    let mut found = Vec::new();
    for names in names.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(SELECT_SOME);
        sql.push_rows(names.iter().map(|(id, key)| [(*key).into(), (*id).into()])).push(SELECT_SOME_END);
        found.extend(tx.list::<ParamRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

/// Inserts params that do not exist; returns how many did not.
pub(crate) async fn insert(tx: &mut Tx, params: &[(&RunId, &Param)]) -> Result<u64, Error> {
    let rows = params.iter().map(|(id, param)| [(&param.key).into(), (&param.value).into(), (*id).into()]);
    tx.insert(Insert { head: INSERT, tail: INSERT_END }, rows).await
}

struct ParamRow((RunId, Param));

impl FromRow for ParamRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(ParamRow((run_id(row)?, param(row)?)))
    }
}

fn param(row: &Row) -> Result<Param, Error> {
    Ok(Param { key: row.get("key")?, value: row.get("value")? })
}
