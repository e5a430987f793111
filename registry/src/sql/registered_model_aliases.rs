//! Table `registered_model_aliases`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use super::KEYS_PER_STATEMENT;
use crate::model::alias::Alias;
use crate::model::name::VersionKey;

const LIST: &str = "
    SELECT name, alias, version FROM registered_model_aliases WHERE workspace = 'default' AND name IN (";
const LIST_END: &str = ") ORDER BY name, alias";

const UPSERT: &str = "
    INSERT INTO registered_model_aliases (name, alias, version, workspace) VALUES ($1, $2, $3, 'default')
    ON CONFLICT (workspace, name, alias) DO UPDATE SET version = excluded.version";

const FIND: &str = "
    SELECT version FROM registered_model_aliases WHERE workspace = 'default' AND name = $1 AND alias = $2";

const LIST_OF_VERSION: &str = "
    SELECT name, alias, version FROM registered_model_aliases
    WHERE workspace = 'default' AND name = $1 AND version = $2 ORDER BY alias";

const DELETE: &str =
    "DELETE FROM registered_model_aliases WHERE workspace = 'default' AND name = $1 AND alias = $2";

const DELETE_OF_VERSION: &str =
    "DELETE FROM registered_model_aliases WHERE workspace = 'default' AND name = $1 AND version = $2";

const DELETE_ALL: &str = "DELETE FROM registered_model_aliases WHERE workspace = 'default' AND name = $1";

/// Lets an alias stand for a version, whatever it stood for.
pub(crate) async fn upsert(tx: &mut Tx, alias: &str, version: &VersionKey) -> Result<u64, Error> {
    tx.run(Sql::new(UPSERT).bind(&version.name).bind(alias).bind(version.version)).await
}

/// The number that an alias stands for.
pub(crate) async fn find(tx: &mut Tx, name: &str, alias: &str) -> Result<Option<i64>, Error> {
    tx.find_cell(Sql::new(FIND).bind(name).bind(alias), "version").await
}

/// The aliases of a version, in the order of their names.
pub(crate) async fn list_of_version(tx: &mut Tx, version: &VersionKey) -> Result<Vec<String>, Error> {
    let sql = Sql::new(LIST_OF_VERSION).bind(&version.name).bind(version.version);
    Ok(tx.list::<AliasRow>(sql).await?.into_iter().map(|row| row.0.1.alias).collect())
}

/// Returns the number of aliases deleted, 0 or 1.
pub(crate) async fn delete(tx: &mut Tx, name: &str, alias: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(name).bind(alias)).await
}

/// Deletes the aliases of a version.
pub(crate) async fn delete_of_version(tx: &mut Tx, version: &VersionKey) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE_OF_VERSION).bind(&version.name).bind(version.version)).await
}

/// Deletes all aliases of a model.
pub(crate) async fn delete_all(tx: &mut Tx, name: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE_ALL).bind(name)).await
}

/// All aliases of those models, by model and alias.
pub(crate) async fn list(tx: &mut Tx, names: &[String]) -> Result<Vec<(String, Alias)>, Error> {
    let mut found = Vec::new();
    for names in names.chunks(KEYS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST);
        sql.push_list(names).push(LIST_END);
        found.extend(tx.list::<AliasRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

struct AliasRow((String, Alias));

impl FromRow for AliasRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(AliasRow((row.get("name")?, Alias { alias: row.get("alias")?, version: row.get("version")? })))
    }
}
