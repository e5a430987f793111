//! Table `model_version_tags`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use super::KEYS_PER_STATEMENT;
use crate::model::model_version::{Tag, VersionKey};

const LIST: &str = "
    SELECT name, version, key, value FROM model_version_tags
    WHERE workspace = 'default' AND (name, version) IN (VALUES ";
const LIST_END: &str = ") ORDER BY name, version, key";

/// All tags of those versions, by version and key.
pub(crate) async fn list(tx: &mut Tx, keys: &[&VersionKey]) -> Result<Vec<(VersionKey, Tag)>, Error> {
    let mut found = Vec::new();
    for keys in keys.chunks(KEYS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST);
        sql.push_rows(keys.iter().map(|key| [(&key.name).into(), key.version.into()])).push(LIST_END);
        found.extend(tx.list::<TagRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

struct TagRow((VersionKey, Tag));

impl FromRow for TagRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let key = VersionKey { name: row.get("name")?, version: row.get("version")? };
        let value: Option<String> = row.get("value")?;
        Ok(TagRow((key, Tag { key: row.get("key")?, value: value.unwrap_or_default() })))
    }
}
