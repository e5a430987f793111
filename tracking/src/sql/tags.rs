//! Table `tags`: the tags of runs.

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use crate::model::run::RunId;
use crate::model::tag::Tag;
use crate::sql::IDS_PER_STATEMENT;
use crate::sql::runs::run_id;

const SELECT: &str = "SELECT run_uuid, key, value FROM tags WHERE run_uuid IN (";
const SELECT_END: &str = ") ORDER BY run_uuid, key";

const UPSERT: &str = "INSERT INTO tags (key, value, run_uuid) VALUES ";
const UPSERT_END: &str = " ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value";

const FIND: &str = "SELECT value FROM tags WHERE run_uuid = $1 AND key = $2";

const DELETE: &str = "DELETE FROM tags WHERE run_uuid = $1 AND key = $2";

/// All tags of those runs, by run and key.
pub(crate) async fn list(tx: &mut Tx, ids: &[&RunId]) -> Result<Vec<(RunId, Tag)>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(SELECT);
        sql.push_list(ids.iter().copied()).push(SELECT_END);
        found.extend(tx.list::<TagRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

/// Sets tags, given as run, key and value; a run and key may occur once.
pub(crate) async fn upsert(tx: &mut Tx, tags: &[(&RunId, &str, &str)]) -> Result<(), Error> {
    let rows = tags.iter().map(|(id, key, value)| [(*key).into(), (*value).into(), (*id).into()]);
    tx.insert(Insert { head: UPSERT, tail: UPSERT_END }, rows).await.map(drop)
}

/// The value of a tag; NULL, which very old rows have, is none.
pub(crate) async fn find(tx: &mut Tx, id: &RunId, key: &str) -> Result<Option<String>, Error> {
    Ok(tx.find_cell::<Option<String>>(Sql::new(FIND).bind(id).bind(key), "value").await?.flatten())
}

/// Deletes a tag; returns 0 when there is none.
pub(crate) async fn delete(tx: &mut Tx, id: &RunId, key: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(id).bind(key)).await
}

struct TagRow((RunId, Tag));

impl FromRow for TagRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let value: Option<String> = row.get("value")?;
        Ok(TagRow((run_id(row)?, Tag { key: row.get("key")?, value: value.unwrap_or_default() })))
    }
}
