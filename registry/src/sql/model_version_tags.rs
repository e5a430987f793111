//! Table `model_version_tags`.

use forebay_db::{Cell, Error, Insert, Sql, Tx};

use crate::model::model_version::ModelVersion;
use crate::model::name::VersionKey;
use crate::model::tag::Tag;

const INSERT: &str = "INSERT INTO model_version_tags (name, version, key, value, workspace) VALUES ";
const UPSERT_END: &str = " ON CONFLICT (workspace, key, name, version) DO UPDATE SET value = excluded.value";

const DELETE: &str = "
    DELETE FROM model_version_tags WHERE workspace = 'default' AND key = $3 AND name = $1 AND version = $2";

const DELETE_ALL: &str = "DELETE FROM model_version_tags WHERE workspace = 'default' AND name = $1";

/// Inserts the tags of new versions.
pub(crate) async fn insert(tx: &mut Tx, versions: impl Iterator<Item = &ModelVersion>) -> Result<(), Error> {
    let rows = versions.flat_map(|version| version.tags.iter().map(|tag| row(&version.key, tag)));
    tx.insert(Insert { head: INSERT, tail: "" }, rows).await.map(drop)
}

fn row<'a>(key: &'a VersionKey, tag: &'a Tag) -> [Cell<'a>; 5] {
    [(&key.name).into(), key.version.into(), (&tag.key).into(), (&tag.value).into(), "default".into()]
}

/// Sets tags of a version, whose keys differ.
pub(crate) async fn upsert(tx: &mut Tx, key: &VersionKey, tags: &[Tag]) -> Result<(), Error> {
    let rows = tags.iter().map(|tag| row(key, tag));
    tx.insert(Insert { head: INSERT, tail: UPSERT_END }, rows).await.map(drop)
}

/// Returns the number of tags deleted, 0 or 1.
pub(crate) async fn delete(tx: &mut Tx, key: &VersionKey, tag_key: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(&key.name).bind(key.version).bind(tag_key)).await
}

/// Deletes the tags of all versions of a model.
pub(crate) async fn delete_all(tx: &mut Tx, name: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE_ALL).bind(name)).await
}
