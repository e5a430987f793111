//! Table `tags`: the tags of runs.

use forebay_db::{Error, Insert, Row, Sql, Tx};

use crate::model::run::RunId;
use crate::model::tag::Tag;
use crate::sql::by_run;

const SELECT: &str = "SELECT run_uuid, key, value FROM tags WHERE run_uuid IN (";

const UPSERT: &str = "INSERT INTO tags (key, value, run_uuid) VALUES ";
const UPSERT_END: &str = " ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value";

const FIND: &str = "SELECT value FROM tags WHERE run_uuid = $1 AND key = $2";

const DELETE: &str = "DELETE FROM tags WHERE run_uuid = $1 AND key = $2";

/// The tags of each of those runs, by key.
pub(crate) async fn list(tx: &mut Tx, ids: &[&RunId]) -> Result<Vec<Vec<Tag>>, Error> {
    by_run::list(tx, SELECT, ids, tag, |tag| &tag.key).await
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

fn tag(row: &Row) -> Result<Tag, Error> {
    let value: Option<String> = row.get("value")?;
    Ok(Tag { key: row.get("key")?, value: value.unwrap_or_default() })
}
