//! Table `entity_associations`: edges between experiments, runs, traces and evaluation datasets.
//!
//! It has no foreign keys, and SQLite gives the id of a deleted experiment to a later one: edges left behind
//! would lead there.

use forebay_db::{Error, Sql, Tx};

const DELETE_FROM: &str = "DELETE FROM entity_associations WHERE source_type = $1 AND source_id = $2";
const DELETE_TO: &str = "DELETE FROM entity_associations WHERE destination_type = $1 AND destination_id = $2";

/// Deletes all edges of a thing, given with the name of its kind.
pub(super) async fn delete(tx: &mut Tx, kind: &str, id: &str) -> Result<(), Error> {
    for text in [DELETE_FROM, DELETE_TO] {
        tx.run(Sql::new(text).bind(kind).bind(id)).await?;
    }
    Ok(())
}
