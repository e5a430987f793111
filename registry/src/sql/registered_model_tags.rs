//! Table `registered_model_tags`.

use forebay_db::{Error, Insert, Sql, Tx};

use crate::model::event::Of;
use crate::model::prompts;
use crate::model::tag::Tag;

const UPSERT: &str = "INSERT INTO registered_model_tags (name, key, value, workspace) VALUES ";
const UPSERT_END: &str = " ON CONFLICT (workspace, key, name) DO UPDATE SET value = excluded.value";

const DELETE: &str =
    "DELETE FROM registered_model_tags WHERE workspace = 'default' AND key = $2 AND name = $1";

const DELETE_ALL: &str = "DELETE FROM registered_model_tags WHERE workspace = 'default' AND name = $1";

const FIND: &str = "
    SELECT coalesce(value, '') AS value FROM registered_model_tags
    WHERE workspace = 'default' AND key = $2 AND name = $1";

/// Whether what has the name is a model or a prompt.
pub(crate) async fn find_kind(tx: &mut Tx, name: &str) -> Result<Of, Error> {
    let value: Option<String> =
        tx.find_cell(Sql::new(FIND).bind(name).bind(prompts::IS_PROMPT), "value").await?;
    Ok(if prompts::is_prompt(value.as_deref()) { Of::Prompt } else { Of::Model })
}

/// Sets tags of a model, whose keys differ.
pub(crate) async fn upsert(tx: &mut Tx, name: &str, tags: &[Tag]) -> Result<(), Error> {
    let rows = tags.iter().map(|tag| [name.into(), (&tag.key).into(), (&tag.value).into(), "default".into()]);
    tx.insert(Insert { head: UPSERT, tail: UPSERT_END }, rows).await.map(drop)
}

/// Returns the number of tags deleted, 0 or 1.
pub(crate) async fn delete(tx: &mut Tx, name: &str, key: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(name).bind(key)).await
}

/// Deletes all tags of a model.
pub(crate) async fn delete_all(tx: &mut Tx, name: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE_ALL).bind(name)).await
}
