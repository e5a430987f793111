//! Table `registered_model_aliases`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use super::KEYS_PER_STATEMENT;
use crate::model::registered_model::Alias;

const LIST: &str = "
    SELECT name, alias, version FROM registered_model_aliases WHERE workspace = 'default' AND name IN (";
const LIST_END: &str = ") ORDER BY name, alias";

/// All aliases of those models, by model and alias.
pub(crate) async fn list(tx: &mut Tx, names: &[String]) -> Result<Vec<(String, Alias)>, Error> {
    let mut found = Vec::new();
    for names in names.chunks(KEYS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST);
        sql.push_list(names).push(LIST_END);
        found.extend(tx.list::<AliasRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

struct AliasRow((String, Alias));

impl FromRow for AliasRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(AliasRow((row.get("name")?, Alias { alias: row.get("alias")?, version: row.get("version")? })))
    }
}
