//! Table `model_version_tags`.

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use super::KEYS_PER_STATEMENT;
use crate::model::name::VersionKey;
use crate::model::tag::Tag;

const LIST: &str = "
    SELECT name, version, key, value FROM model_version_tags
    WHERE workspace = 'default' AND (name, version) IN (VALUES ";
const LIST_END: &str = ") ORDER BY name, version, key";

const UPSERT: &str = "INSERT INTO model_version_tags (name, version, key, value, workspace) VALUES ";
const UPSERT_END: &str = " ON CONFLICT (workspace, key, name, version) DO UPDATE SET value = excluded.value";

const DELETE: &str = "
    DELETE FROM model_version_tags WHERE workspace = 'default' AND key = $3 AND name = $1 AND version = $2";

const DELETE_ALL: &str = "DELETE FROM model_version_tags WHERE workspace = 'default' AND name = $1";

/// Sets tags of a version, whose keys differ.
pub(crate) async fn upsert(tx: &mut Tx, key: &VersionKey, tags: &[Tag]) -> Result<(), Error> {
    let rows = tags.iter().map(|tag| {
        [(&key.name).into(), key.version.into(), (&tag.key).into(), (&tag.value).into(), "default".into()]
    });
    tx.insert(Insert { head: UPSERT, tail: UPSERT_END }, rows).await.map(drop)
}

/// Returns the number of tags deleted, 0 or 1.
pub(crate) async fn delete(tx: &mut Tx, key: &VersionKey, tag_key: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(&key.name).bind(key.version).bind(tag_key)).await
}

/// Deletes the tags of all versions of a model.
pub(crate) async fn delete_all(tx: &mut Tx, name: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE_ALL).bind(name)).await
}

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
