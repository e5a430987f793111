//! Table `registered_models`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::name::ModelName;
use crate::model::registered_model::{NewRegisteredModel, RegisteredModel};

const INSERT: &str = "
    INSERT INTO registered_models (name, creation_time, last_updated_time, description, workspace)
    VALUES ($1, $2, $2, $3, 'default')
    ON CONFLICT (workspace, name) DO NOTHING";

const FIND: &str = "
    SELECT name, creation_time, last_updated_time, description FROM registered_models
    WHERE workspace = 'default' AND name = $1";

const SET_DESCRIPTION: &str = "
    UPDATE registered_models SET description = $2, last_updated_time = $3
    WHERE workspace = 'default' AND name = $1";

// What belongs to the model follows, by its foreign keys.
const RENAME: &str = "
    UPDATE registered_models SET name = $2, last_updated_time = $3 WHERE workspace = 'default' AND name = $1";

const TOUCH: &str =
    "UPDATE registered_models SET last_updated_time = $2 WHERE workspace = 'default' AND name = $1";

const DELETE: &str = "DELETE FROM registered_models WHERE workspace = 'default' AND name = $1";

/// Returns the number of models inserted: 0 when the name is taken.
pub(crate) async fn insert(tx: &mut Tx, new: &NewRegisteredModel, now_ms: i64) -> Result<u64, Error> {
    tx.run(Sql::new(INSERT).bind(new.name.as_str()).bind(now_ms).bind(&new.description)).await
}

/// A model without what belongs to it.
pub(crate) async fn find(tx: &mut Tx, name: &str) -> Result<Option<RegisteredModel>, Error> {
    Ok(tx.find::<RegisteredModelRow>(Sql::new(FIND).bind(name)).await?.map(|row| row.0))
}

/// The same, and no other transaction changes it before this one ends.
pub(crate) async fn find_locked(tx: &mut Tx, name: &str) -> Result<Option<RegisteredModel>, Error> {
    let mut sql = Sql::new(FIND).bind(name);
    sql.push(tx.engine().lock_exclusive());
    Ok(tx.find::<RegisteredModelRow>(sql).await?.map(|row| row.0))
}

/// Returns the number of models changed, 0 or 1.
pub(crate) async fn set_description(
    tx: &mut Tx,
    name: &ModelName,
    description: &str,
    now_ms: i64,
) -> Result<u64, Error> {
    tx.run(Sql::new(SET_DESCRIPTION).bind(name.as_str()).bind(description).bind(now_ms)).await
}

/// Gives a model a free name.
///
/// # Errors
/// [`Error::Duplicate`] when the name is taken.
pub(crate) async fn rename(tx: &mut Tx, name: &str, new_name: &str, now_ms: i64) -> Result<u64, Error> {
    tx.run(Sql::new(RENAME).bind(name).bind(new_name).bind(now_ms)).await
}

/// Notes that a model changed now, and lets no other transaction change it before this one ends; returns the number of
/// models, 0 or 1.
pub(crate) async fn touch(tx: &mut Tx, name: &str, now_ms: i64) -> Result<u64, Error> {
    tx.run(Sql::new(TOUCH).bind(name).bind(now_ms)).await
}

/// Deletes a model to which nothing belongs any more.
pub(crate) async fn delete(tx: &mut Tx, name: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(name)).await
}

/// A model without what belongs to it.
pub(super) struct RegisteredModelRow(pub(super) RegisteredModel);

impl FromRow for RegisteredModelRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(RegisteredModelRow(RegisteredModel {
            name: row.get("name")?,
            creation_time_ms: row.get("creation_time")?,
            last_updated_time_ms: row.get("last_updated_time")?,
            description: row.get("description")?,
            latest_versions: Vec::new(),
            tags: Vec::new(),
            aliases: Vec::new(),
        }))
    }
}
