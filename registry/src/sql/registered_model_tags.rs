//! Table `registered_model_tags`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use super::KEYS_PER_STATEMENT;
use crate::model::model_version::Tag;

const LIST: &str = "
    SELECT name, key, value FROM registered_model_tags WHERE workspace = 'default' AND name IN (";
const LIST_END: &str = ") ORDER BY name, key";

/// All tags of those models, by model and key.
pub(crate) async fn list(tx: &mut Tx, names: &[String]) -> Result<Vec<(String, Tag)>, Error> {
    let mut found = Vec::new();
    for names in names.chunks(KEYS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST);
        sql.push_list(names).push(LIST_END);
        found.extend(tx.list::<TagRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

struct TagRow((String, Tag));

impl FromRow for TagRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let value: Option<String> = row.get("value")?;
        Ok(TagRow((row.get("name")?, Tag { key: row.get("key")?, value: value.unwrap_or_default() })))
    }
}
