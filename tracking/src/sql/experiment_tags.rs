//! Table `experiment_tags`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::experiment::ExperimentId;
use crate::model::tag::Tag;

const UPSERT: &str = "
    INSERT INTO experiment_tags (key, value, experiment_id) VALUES ($1, $2, $3)
    ON CONFLICT (key, experiment_id) DO UPDATE SET value = excluded.value";

const LIST: &str = "SELECT key, value FROM experiment_tags WHERE experiment_id = $1 ORDER BY key";

pub(crate) async fn upsert(tx: &mut Tx, id: ExperimentId, tag: &Tag) -> Result<u64, Error> {
    tx.run(Sql::new(UPSERT).bind(&tag.key).bind(&tag.value).bind(id)).await
}

pub(crate) async fn list(tx: &mut Tx, id: ExperimentId) -> Result<Vec<Tag>, Error> {
    let rows = tx.list::<TagRow>(Sql::new(LIST).bind(id)).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

struct TagRow(Tag);

impl FromRow for TagRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(TagRow(Tag { key: row.get("key")?, value: row.get::<Option<String>>("value")?.unwrap_or_default() }))
    }
}
