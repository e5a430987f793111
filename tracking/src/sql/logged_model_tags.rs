//! Table `logged_model_tags`.

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use crate::model::experiment::ExperimentId;
use crate::model::logged_model::LoggedModelId;
use crate::model::tag::Tag;
use crate::sql::IDS_PER_STATEMENT;

const UPSERT: &str = "INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) VALUES ";
const UPSERT_END: &str = " ON CONFLICT (model_id, tag_key) DO UPDATE SET tag_value = excluded.tag_value";

const LIST: &str = "SELECT model_id, tag_key, tag_value FROM logged_model_tags WHERE model_id IN (";
const LIST_END: &str = ") ORDER BY model_id, tag_key";

const DELETE: &str = "DELETE FROM logged_model_tags WHERE model_id = $1 AND tag_key = $2";

/// Sets tags, given as key and value; a key may occur once.
pub(crate) async fn upsert(
    tx: &mut Tx,
    id: &LoggedModelId,
    experiment_id: ExperimentId,
    tags: &[(&str, &str)],
) -> Result<(), Error> {
    let rows =
        tags.iter().map(|(key, value)| [id.into(), experiment_id.into(), (*key).into(), (*value).into()]);
    tx.insert(Insert { head: UPSERT, tail: UPSERT_END }, rows).await.map(drop)
}

/// The tags of those models, by model and key.
pub(crate) async fn list(tx: &mut Tx, ids: &[&LoggedModelId]) -> Result<Vec<(LoggedModelId, Tag)>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST);
        sql.push_list(ids.iter().copied()).push(LIST_END);
        found.extend(tx.list::<TagRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

/// Deletes a tag; returns 0 when there is none.
pub(crate) async fn delete(tx: &mut Tx, id: &LoggedModelId, key: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(id).bind(key)).await
}

struct TagRow((LoggedModelId, Tag));

impl FromRow for TagRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let tag = Tag { key: row.get("tag_key")?, value: row.get("tag_value")? };
        Ok(TagRow((LoggedModelId::new(row.get("model_id")?), tag)))
    }
}
