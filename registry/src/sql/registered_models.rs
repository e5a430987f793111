//! Table `registered_models`.

use forebay_db::{Engine, Error, FromRow, Row, Sql, Tx};

use super::pairs;
use crate::model::alias::Alias;
use crate::model::name::ModelName;
use crate::model::registered_model::{NewRegisteredModel, RegisteredModel};
use crate::model::tag::Tag;

const INSERT: &str = "
    INSERT INTO registered_models (name, creation_time, last_updated_time, description, workspace)
    VALUES ($1, $2, $2, $3, 'default')
    ON CONFLICT (workspace, name) DO NOTHING";

const SELECT: &str = "
    SELECT m.name, m.creation_time, m.last_updated_time, m.description, ";

const TAGS: &str = " FROM registered_model_tags t WHERE t.workspace = m.workspace AND t.name = m.name";

const ALIASES: &str = " FROM registered_model_aliases a WHERE a.workspace = m.workspace AND a.name = m.name";

const OF_NAME: &str = " FROM registered_models m WHERE m.workspace = 'default' AND m.name = $1";

const EXISTS: &str = "SELECT 1 AS one FROM registered_models WHERE workspace = 'default' AND name = $1";

const SET_DESCRIPTION: &str = "
    UPDATE registered_models SET description = $2, last_updated_time = $3
    WHERE workspace = 'default' AND name = $1";

// What belongs to the model follows, by its foreign keys.
const RENAME: &str = "
    UPDATE registered_models SET name = $2, last_updated_time = $3 WHERE workspace = 'default' AND name = $1";

const TOUCH: &str =
    "UPDATE registered_models SET last_updated_time = $2 WHERE workspace = 'default' AND name = $1";

const LOCK_ALL: &str = "SELECT name FROM registered_models WHERE workspace = 'default' AND name IN (";
const LOCK_ALL_END: &str = ") ORDER BY name";

const TOUCH_ALL: &str =
    "UPDATE registered_models SET last_updated_time = $1 WHERE workspace = 'default' AND name IN (";
// Rows of deleted versions count, so that no number is given twice.
const TOUCH_ALL_END: &str = ")
    RETURNING name, (
        SELECT max(v.version) FROM model_versions v
        WHERE v.workspace = 'default' AND v.name = registered_models.name) AS last_version";

const DELETE: &str = "DELETE FROM registered_models WHERE workspace = 'default' AND name = $1";

/// Returns the number of models inserted: 0 when the name is taken.
pub(crate) async fn insert(tx: &mut Tx, new: &NewRegisteredModel, now_ms: i64) -> Result<u64, Error> {
    tx.run(Sql::new(INSERT).bind(new.name.as_str()).bind(now_ms).bind(&new.description)).await
}

/// The beginning of a query for models `m`, up to its FROM.
pub(super) fn select(engine: Engine) -> Sql {
    let mut sql = Sql::new(SELECT);
    pairs::push(&mut sql, engine, "t.key, t.value", TAGS);
    sql.push(" AS tags, ");
    pairs::push(&mut sql, engine, "a.alias, a.version", ALIASES);
    sql.push(" AS aliases");
    sql
}

/// A model without its versions.
pub(crate) async fn find(tx: &mut Tx, name: &str) -> Result<Option<RegisteredModel>, Error> {
    let mut sql = select(tx.engine()).bind(name);
    sql.push(OF_NAME);
    Ok(tx.find::<RegisteredModelRow>(sql).await?.map(|row| row.0))
}

pub(crate) async fn exists(tx: &mut Tx, name: &str) -> Result<bool, Error> {
    Ok(tx.find_cell::<i64>(Sql::new(EXISTS).bind(name), "one").await?.is_some())
}

/// Whether a model exists; no other transaction changes it before this one ends.
pub(crate) async fn lock(tx: &mut Tx, name: &str) -> Result<bool, Error> {
    let mut sql = Sql::new(EXISTS).bind(name);
    sql.push(tx.engine().lock_exclusive());
    Ok(tx.find_cell::<i64>(sql, "one").await?.is_some())
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

/// Those of the models that exist; no other transaction changes them before this one ends. They are locked in the order of
/// their names, so that two who do this do not wait for each other.
pub(crate) async fn lock_all(tx: &mut Tx, names: &[&str]) -> Result<Vec<String>, Error> {
    let mut sql = Sql::new(LOCK_ALL);
    sql.push_list(names.iter().copied()).push(LOCK_ALL_END).push(tx.engine().lock_exclusive());
    Ok(tx.list::<NameRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// Notes that models, which this transaction holds, changed now. With each comes the last number that it has given to a
/// version; 0 for a model that has never had one.
pub(crate) async fn touch_all(
    tx: &mut Tx,
    names: &[String],
    now_ms: i64,
) -> Result<Vec<(String, i64)>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(TOUCH_ALL).bind(now_ms);
    sql.push_list(names).push(TOUCH_ALL_END);
    Ok(tx.list::<LastNumberRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// Deletes a model to which nothing belongs any more.
pub(crate) async fn delete(tx: &mut Tx, name: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(name)).await
}

struct NameRow(String);

impl FromRow for NameRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("name").map(NameRow)
    }
}

struct LastNumberRow((String, i64));

impl FromRow for LastNumberRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let last_version: Option<i64> = row.get("last_version")?;
        Ok(LastNumberRow((row.get("name")?, last_version.unwrap_or(0))))
    }
}

/// A model without its versions.
pub(super) struct RegisteredModelRow(pub(super) RegisteredModel);

impl FromRow for RegisteredModelRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(RegisteredModelRow(RegisteredModel {
            name: row.get("name")?,
            creation_time_ms: row.get("creation_time")?,
            last_updated_time_ms: row.get("last_updated_time")?,
            description: row.get("description")?,
            latest_versions: Vec::new(),
            tags: pairs::read(row, "tags")?.into_iter().map(Tag::from_pair).collect(),
            aliases: pairs::read(row, "aliases")?
                .into_iter()
                .map(|(alias, version)| Alias { alias, version })
                .collect(),
        }))
    }
}
