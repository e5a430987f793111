//! Table `model_versions`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};
use forebay_wire::enumeration::ModelVersionStatus;

use super::KEYS_PER_STATEMENT;
use crate::model::model_version::ModelVersion;
use crate::model::name::VersionKey;
use crate::model::origin::VersionOrigin;
use crate::model::stage::Stage;

const LIST_LATEST: &str = "
    WITH ranked AS (
        SELECT v.*, row_number() OVER (PARTITION BY v.name, v.current_stage ORDER BY v.version DESC) AS place
        FROM model_versions v
        WHERE v.workspace = 'default' AND v.current_stage != 'Deleted_Internal' AND v.name IN (";
const LIST_LATEST_END: &str = "))
    SELECT name, version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id,
        run_link, status, status_message
    FROM ranked WHERE place = 1 ORDER BY name, current_stage";

const FIND: &str = "
    SELECT name, version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id,
        run_link, status, status_message
    FROM model_versions
    WHERE workspace = 'default' AND name = $1 AND version = $2 AND current_stage != 'Deleted_Internal'";

const FIND_LOCATION: &str = "
    SELECT coalesce(nullif(storage_location, ''), source, '') AS location FROM model_versions
    WHERE workspace = 'default' AND name = $1 AND version = $2 AND current_stage != 'Deleted_Internal'";

const FIND_ORIGIN: &str = "
    SELECT version, coalesce(run_id, '') AS run_id, coalesce(nullif(storage_location, ''), source, '') AS location
    FROM model_versions
    WHERE workspace = 'default' AND name = $1 AND version = $2 AND current_stage != 'Deleted_Internal'";

const FIND_HIGHEST_IN: &str = "
    SELECT version FROM model_versions
    WHERE workspace = 'default' AND name = $1 AND current_stage = $2 ORDER BY version DESC LIMIT 1";

const FIND_HIGHEST: &str = "
    SELECT version FROM model_versions
    WHERE workspace = 'default' AND name = $1 AND current_stage != 'Deleted_Internal'
    ORDER BY version DESC LIMIT 1";

const LIST_OTHERS_IN: &str = "
    SELECT version FROM model_versions
    WHERE workspace = 'default' AND name = $1 AND version != $2 AND current_stage = $3 ORDER BY version";

// Rows of deleted versions count, so that no number is given twice.
const INSERT: &str = "
    INSERT INTO model_versions
        (name, version, creation_time, last_updated_time, description, current_stage, source, storage_location, run_id,
        run_link, status, workspace)
    SELECT CAST($1 AS TEXT), coalesce(max(version), 0) + 1, CAST($2 AS BIGINT), CAST($2 AS BIGINT), $3, 'None', $4, $5, $6, $7,
        'READY', 'default'
    FROM model_versions WHERE workspace = 'default' AND name = CAST($1 AS TEXT)
    RETURNING version";

const SET_DESCRIPTION: &str = "
    UPDATE model_versions SET description = $3, last_updated_time = $4
    WHERE workspace = 'default' AND name = $1 AND version = $2 AND current_stage != 'Deleted_Internal'";

const SET_STAGE: &str = "
    UPDATE model_versions SET current_stage = $3, last_updated_time = $4
    WHERE workspace = 'default' AND name = $1 AND version = $2 AND current_stage != 'Deleted_Internal'";

const ARCHIVE_OTHERS: &str = "
    UPDATE model_versions SET current_stage = 'Archived', last_updated_time = $4
    WHERE workspace = 'default' AND name = $1 AND version != $2 AND current_stage = $3";

// The row stays, emptied of what it told, to keep its number from being given again.
const REDACT: &str = "
    UPDATE model_versions SET current_stage = 'Deleted_Internal', last_updated_time = $3, description = NULL,
        user_id = NULL, source = 'REDACTED-SOURCE-PATH', run_id = 'REDACTED-RUN-ID',
        run_link = 'REDACTED-RUN-LINK', status_message = NULL
    WHERE workspace = 'default' AND name = $1 AND version = $2 AND current_stage != 'Deleted_Internal'";

const TOUCH_ALL: &str =
    "UPDATE model_versions SET last_updated_time = $2 WHERE workspace = 'default' AND name = $1";

const DELETE_ALL: &str = "DELETE FROM model_versions WHERE workspace = 'default' AND name = $1";

/// A version without its tags and aliases, unless it is deleted.
pub(crate) async fn find(tx: &mut Tx, key: &VersionKey) -> Result<Option<ModelVersion>, Error> {
    let sql = Sql::new(FIND).bind(&key.name).bind(key.version);
    Ok(tx.find::<ModelVersionRow>(sql).await?.map(|row| row.0))
}

/// Where the files of a version are, unless it is deleted; empty where nobody said.
pub(crate) async fn find_location(tx: &mut Tx, key: &VersionKey) -> Result<Option<String>, Error> {
    tx.find_cell(Sql::new(FIND_LOCATION).bind(&key.name).bind(key.version), "location").await
}

/// Where a version came from, unless it is deleted.
pub(crate) async fn find_origin(tx: &mut Tx, key: &VersionKey) -> Result<Option<VersionOrigin>, Error> {
    let sql = Sql::new(FIND_ORIGIN).bind(&key.name).bind(key.version);
    Ok(tx.find::<OriginRow>(sql).await?.map(|row| row.0))
}

/// The highest version in a stage.
pub(crate) async fn find_highest_in(tx: &mut Tx, name: &str, stage: Stage) -> Result<Option<i64>, Error> {
    tx.find_cell(Sql::new(FIND_HIGHEST_IN).bind(name).bind(stage.as_str()), "version").await
}

/// The highest number of a version of a model that is not deleted.
pub(crate) async fn find_highest(tx: &mut Tx, name: &str) -> Result<Option<i64>, Error> {
    tx.find_cell(Sql::new(FIND_HIGHEST).bind(name), "version").await
}

/// What the row of a new version holds.
pub(crate) struct NewRow<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) source: &'a str,
    pub(crate) storage_location: &'a str,
    pub(crate) run_id: &'a str,
    pub(crate) run_link: &'a str,
}

/// Inserts a version and returns its number. The caller holds the model, so that two do not draw the same one.
pub(crate) async fn insert(tx: &mut Tx, row: &NewRow<'_>, now_ms: i64) -> Result<i64, Error> {
    let sql = Sql::new(INSERT)
        .bind(row.name)
        .bind(now_ms)
        .bind(row.description)
        .bind(row.source)
        .bind(row.storage_location)
        .bind(row.run_id)
        .bind(row.run_link);
    let inserted: Option<i64> = tx.find_cell(sql, "version").await?;
    inserted.ok_or(Error::NoOutcome)
}

/// Returns the number of versions changed, 0 or 1.
pub(crate) async fn set_description(
    tx: &mut Tx,
    key: &VersionKey,
    description: Option<&str>,
    now_ms: i64,
) -> Result<u64, Error> {
    let sql = Sql::new(SET_DESCRIPTION).bind(&key.name).bind(key.version);
    tx.run(sql.bind(description.map(str::to_owned)).bind(now_ms)).await
}

/// Returns the number of versions changed, 0 or 1.
pub(crate) async fn set_stage(
    tx: &mut Tx,
    key: &VersionKey,
    stage: Stage,
    now_ms: i64,
) -> Result<u64, Error> {
    tx.run(Sql::new(SET_STAGE).bind(&key.name).bind(key.version).bind(stage.as_str()).bind(now_ms)).await
}

/// The other versions that are in a stage, in the order of their numbers.
pub(crate) async fn list_others_in(tx: &mut Tx, key: &VersionKey, stage: Stage) -> Result<Vec<i64>, Error> {
    let sql = Sql::new(LIST_OTHERS_IN).bind(&key.name).bind(key.version).bind(stage.as_str());
    Ok(tx.list::<NumberRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// Archives all other versions that are in a stage.
pub(crate) async fn archive_others(
    tx: &mut Tx,
    key: &VersionKey,
    stage: Stage,
    now_ms: i64,
) -> Result<u64, Error> {
    tx.run(Sql::new(ARCHIVE_OTHERS).bind(&key.name).bind(key.version).bind(stage.as_str()).bind(now_ms)).await
}

/// Marks a version as deleted; returns the number of versions changed, 0 or 1.
pub(crate) async fn redact(tx: &mut Tx, key: &VersionKey, now_ms: i64) -> Result<u64, Error> {
    tx.run(Sql::new(REDACT).bind(&key.name).bind(key.version).bind(now_ms)).await
}

/// Notes on all versions of a model, deleted ones too, that they changed now.
pub(crate) async fn touch_all(tx: &mut Tx, name: &str, now_ms: i64) -> Result<u64, Error> {
    tx.run(Sql::new(TOUCH_ALL).bind(name).bind(now_ms)).await
}

/// Removes the rows of all versions of a model.
pub(crate) async fn delete_all(tx: &mut Tx, name: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE_ALL).bind(name)).await
}

/// The highest version of each stage of those models, without its tags.
pub(crate) async fn list_latest(tx: &mut Tx, names: &[String]) -> Result<Vec<ModelVersion>, Error> {
    let mut found = Vec::new();
    for names in names.chunks(KEYS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST_LATEST);
        sql.push_list(names).push(LIST_LATEST_END);
        found.extend(tx.list::<ModelVersionRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

struct OriginRow(VersionOrigin);

impl FromRow for OriginRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(OriginRow(VersionOrigin {
            version: row.get("version")?,
            run_id: row.get("run_id")?,
            location: row.get("location")?,
        }))
    }
}

struct NumberRow(i64);

impl FromRow for NumberRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("version").map(NumberRow)
    }
}

/// A version without its tags.
pub(super) struct ModelVersionRow(pub(super) ModelVersion);

impl FromRow for ModelVersionRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(ModelVersionRow(ModelVersion {
            key: VersionKey { name: row.get("name")?, version: row.get("version")? },
            creation_time_ms: row.get("creation_time")?,
            last_updated_time_ms: row.get("last_updated_time")?,
            description: row.get("description")?,
            user_id: row.get("user_id")?,
            stage: row.get("current_stage")?,
            source: row.get("source")?,
            run_id: row.get("run_id")?,
            run_link: row.get("run_link")?,
            status: status(row)?,
            status_message: row.get("status_message")?,
            tags: Vec::new(),
            aliases: Vec::new(),
        }))
    }
}

fn status(row: &Row) -> Result<Option<ModelVersionStatus>, Error> {
    const COLUMN: &str = "status";
    let Some(name) = row.get::<Option<String>>(COLUMN)? else { return Ok(None) };
    let known = ModelVersionStatus::from_name(&name);
    known.map(Some).ok_or_else(|| Error::Inconsistent { column: COLUMN, reason: format!("'{name}'") })
}
