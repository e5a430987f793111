//! Table `forebay_feature_definitions`: each change of a definition is a row, and the highest version counts.

use std::collections::BTreeMap;

use forebay_core::invalid::Invalid;
use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::definition::Definition;
use crate::model::kept::Kept;
use crate::model::kind::Kind;
use crate::model::name::Name;

/// Whoever changes definitions waits for all others who do, for what refers to what has to be right in the end.
const LOCK: &str = "LOCK TABLE forebay_feature_definitions IN EXCLUSIVE MODE";

const LIST: &str = "
    SELECT d.kind, d.name, d.version, d.document, d.created_ms, d.created_by
    FROM forebay_feature_definitions d
    WHERE d.document IS NOT NULL AND d.version = (
        SELECT MAX(e.version) FROM forebay_feature_definitions e WHERE e.kind = d.kind AND e.name = d.name)";

const LIST_LAST: &str = "
    SELECT d.kind, d.name, d.version, d.document, d.created_ms, d.created_by
    FROM forebay_feature_definitions d
    WHERE d.version = (
        SELECT MAX(e.version) FROM forebay_feature_definitions e WHERE e.kind = d.kind AND e.name = d.name)";

const LIST_VERSION_NUMBERS: &str = "
    SELECT kind, name, MAX(version) AS version FROM forebay_feature_definitions GROUP BY kind, name";

const FIND: &str = "
    SELECT kind, name, version, document, created_ms, created_by FROM forebay_feature_definitions
    WHERE kind = $1 AND name = $2 ORDER BY version DESC LIMIT 1";

const FIND_VERSION: &str = "
    SELECT kind, name, version, document, created_ms, created_by FROM forebay_feature_definitions
    WHERE kind = $1 AND name = $2 AND version = $3";

const LIST_VERSIONS: &str = "
    SELECT kind, name, version, document, created_ms, created_by FROM forebay_feature_definitions
    WHERE kind = $1 AND name = $2 ORDER BY version DESC";

const INSERT: &str = "
    INSERT INTO forebay_feature_definitions (kind, name, version, document, created_ms, created_by)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// Lets nobody else change definitions before this transaction ends.
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), Error> {
    match tx.engine().lock_table(LOCK) {
        Some(statement) => tx.run(Sql::new(statement)).await.map(drop),
        None => Ok(()),
    }
}

/// All definitions that are in force, by kind and name: all, or those of a kind.
pub(crate) async fn list(tx: &mut Tx, kind: Option<Kind>) -> Result<Vec<Kept>, Error> {
    let mut sql = Sql::new(LIST);
    if let Some(kind) = kind {
        sql.push(" AND d.kind = ").push_bind(kind.as_str());
    }
    sql.push(" ORDER BY d.kind, d.name");
    tx.list(sql).await.map(kept)
}

/// The last versions of all definitions, also those by which they were deleted.
pub(crate) async fn list_last(tx: &mut Tx) -> Result<Vec<Kept>, Error> {
    tx.list(Sql::new(LIST_LAST)).await.map(kept)
}

/// The number of the last version of each definition that there is or was.
pub(crate) async fn list_version_numbers(tx: &mut Tx) -> Result<BTreeMap<(Kind, Name), i64>, Error> {
    let rows: Vec<VersionRow> = tx.list(Sql::new(LIST_VERSION_NUMBERS)).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The last version of a definition, also one by which it was deleted.
pub(crate) async fn find_last(tx: &mut Tx, kind: Kind, name: &Name) -> Result<Option<Kept>, Error> {
    let sql = Sql::new(FIND).bind(kind.as_str()).bind(name.as_str());
    Ok(tx.find::<KeptRow>(sql).await?.map(|row| row.0))
}

/// One version of a definition.
pub(crate) async fn find_version(
    tx: &mut Tx,
    kind: Kind,
    name: &Name,
    version: i64,
) -> Result<Option<Kept>, Error> {
    let sql = Sql::new(FIND_VERSION).bind(kind.as_str()).bind(name.as_str()).bind(version);
    Ok(tx.find::<KeptRow>(sql).await?.map(|row| row.0))
}

/// All versions of a definition, the latest first.
pub(crate) async fn list_versions(tx: &mut Tx, kind: Kind, name: &Name) -> Result<Vec<Kept>, Error> {
    tx.list(Sql::new(LIST_VERSIONS).bind(kind.as_str()).bind(name.as_str())).await.map(kept)
}

/// Adds a version of a definition.
pub(crate) async fn insert(tx: &mut Tx, kept: &Kept) -> Result<(), Error> {
    let sql = Sql::new(INSERT)
        .bind(kept.kind.as_str())
        .bind(kept.name.as_str())
        .bind(kept.version)
        .bind(kept.definition.as_ref().map(Definition::to_stored))
        .bind(kept.created_ms)
        .bind(kept.created_by.clone());
    tx.run(sql).await.map(drop)
}

fn kept(rows: Vec<KeptRow>) -> Vec<Kept> {
    rows.into_iter().map(|row| row.0).collect()
}

fn named(row: &Row) -> Result<(Kind, Name), Error> {
    let kind: String = row.get("kind")?;
    let kind: Kind = kind.parse().map_err(|error| wrong("kind", &error))?;
    let name: String = row.get("name")?;
    let name = Name::parse(&name).map_err(|reason| Error::Inconsistent { column: "name", reason })?;
    Ok((kind, name))
}

struct VersionRow(((Kind, Name), i64));

impl FromRow for VersionRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(VersionRow((named(row)?, row.get("version")?)))
    }
}

struct KeptRow(Kept);

impl FromRow for KeptRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let (kind, name) = named(row)?;
        let document: Option<String> = row.get("document")?;
        let definition = document.map(|text| Definition::from_stored(kind, &text)).transpose();
        Ok(KeptRow(Kept {
            kind,
            name,
            version: row.get("version")?,
            definition: definition.map_err(|error| wrong("document", &error))?,
            created_ms: row.get("created_ms")?,
            created_by: row.get("created_by")?,
        }))
    }
}

fn wrong(column: &'static str, error: &Invalid) -> Error {
    Error::Inconsistent { column, reason: error.to_string() }
}
