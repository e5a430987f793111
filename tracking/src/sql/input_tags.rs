//! Table `input_tags`: tags on a dataset as one run's input.

use std::collections::HashMap;

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use crate::model::run::RunId;
use crate::model::tag::Tag;

const INSERT: &str = "INSERT INTO input_tags (input_uuid, name, value) VALUES ";

const LIST_OF_RUNS: &str = "
    SELECT t.input_uuid, t.name, t.value FROM inputs i JOIN input_tags t ON t.input_uuid = i.input_uuid
    WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id IN (";
const LIST_OF_RUNS_END: &str = ") ORDER BY t.input_uuid, t.name";

/// Inserts tags, each given with the UUID of its edge; an edge and key may occur once.
pub(crate) async fn insert(tx: &mut Tx, tags: &[(&str, &Tag)]) -> Result<(), Error> {
    let rows = tags.iter().map(|(uuid, tag)| [(*uuid).into(), (&tag.key).into(), (&tag.value).into()]);
    tx.insert(Insert { head: INSERT, tail: "" }, rows).await.map(drop)
}

/// The tags of all dataset edges of those runs, by the UUID of the edge.
pub(crate) async fn list_of_runs(tx: &mut Tx, ids: &[&RunId]) -> Result<HashMap<String, Vec<Tag>>, Error> {
    let mut sql = Sql::new(LIST_OF_RUNS);
    sql.push_list(ids.iter().copied()).push(LIST_OF_RUNS_END);
    let mut tags: HashMap<String, Vec<Tag>> = HashMap::new();
    for TagRow { input_uuid, tag } in tx.list(sql).await? {
        tags.entry(input_uuid).or_default().push(tag);
    }
    Ok(tags)
}

struct TagRow {
    input_uuid: String,
    tag: Tag,
}

impl FromRow for TagRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(TagRow {
            input_uuid: row.get("input_uuid")?,
            tag: Tag { key: row.get("name")?, value: row.get("value")? },
        })
    }
}
