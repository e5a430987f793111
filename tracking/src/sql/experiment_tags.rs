//! Table `experiment_tags`.

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use crate::model::experiment::ExperimentId;
use crate::model::tag::Tag;
use crate::sql::IDS_PER_STATEMENT;

const UPSERT: &str = "
    INSERT INTO experiment_tags (key, value, experiment_id) VALUES ($1, $2, $3)
    ON CONFLICT (key, experiment_id) DO UPDATE SET value = excluded.value";

const INSERT: &str = "INSERT INTO experiment_tags (key, value, experiment_id) VALUES ";

const LIST: &str = "SELECT key, value FROM experiment_tags WHERE experiment_id = $1 ORDER BY key";

const LIST_OF_MANY: &str = "SELECT experiment_id, key, value FROM experiment_tags WHERE experiment_id IN (";

const DELETE: &str = "DELETE FROM experiment_tags WHERE experiment_id = $1 AND key = $2";

pub(crate) async fn upsert(tx: &mut Tx, id: ExperimentId, tag: &Tag) -> Result<u64, Error> {
    tx.run(Sql::new(UPSERT).bind(&tag.key).bind(&tag.value).bind(id)).await
}

/// Inserts the tags of a new experiment; their keys differ.
pub(crate) async fn insert(tx: &mut Tx, id: ExperimentId, tags: &[Tag]) -> Result<(), Error> {
    let rows = tags.iter().map(|tag| [(&tag.key).into(), (&tag.value).into(), id.into()]);
    tx.insert(Insert { head: INSERT, tail: "" }, rows).await.map(drop)
}

pub(crate) async fn list(tx: &mut Tx, id: ExperimentId) -> Result<Vec<Tag>, Error> {
    let rows = tx.list::<TagRow>(Sql::new(LIST).bind(id)).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The tags of many experiments, each with its experiment.
pub(crate) async fn list_of_many(
    tx: &mut Tx,
    ids: &[ExperimentId],
) -> Result<Vec<(ExperimentId, Tag)>, Error> {
    let mut tags = Vec::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST_OF_MANY);
        sql.push_list(ids.iter().copied()).push(") ORDER BY experiment_id, key");
        tags.extend(tx.list::<OwnedTagRow>(sql).await?.into_iter().map(|row| (row.0, row.1)));
    }
    Ok(tags)
}

/// Returns the number of tags deleted, 0 or 1.
pub(crate) async fn delete(tx: &mut Tx, id: ExperimentId, key: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(id).bind(key)).await
}

struct OwnedTagRow(ExperimentId, Tag);

impl FromRow for OwnedTagRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(OwnedTagRow(ExperimentId(row.get("experiment_id")?), TagRow::from_row(row)?.0))
    }
}

struct TagRow(Tag);

impl FromRow for TagRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(TagRow(Tag {
            key: row.get("key")?,
            value: row.get::<Option<String>>("value")?.unwrap_or_default(),
        }))
    }
}
