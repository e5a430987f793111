//! Table `registered_model_aliases`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::name::VersionKey;

const UPSERT: &str = "
    INSERT INTO registered_model_aliases (name, alias, version, workspace) VALUES ($1, $2, $3, 'default')
    ON CONFLICT (workspace, name, alias) DO UPDATE SET version = excluded.version";

const FIND: &str = "
    SELECT version FROM registered_model_aliases WHERE workspace = 'default' AND name = $1 AND alias = $2";

const LIST_OF_VERSION: &str = "
    SELECT alias FROM registered_model_aliases
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
    Ok(tx.list::<NameRow>(sql).await?.into_iter().map(|row| row.0).collect())
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

struct NameRow(String);

impl FromRow for NameRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("alias").map(NameRow)
    }
}
