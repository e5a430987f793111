//! Table `model_versions`.

use forebay_db::{Engine, Error, FromRow, Insert, Row, Sql, Tx};
use forebay_wire::enumeration::ModelVersionStatus;

use super::{KEYS_PER_STATEMENT, pairs};
use crate::model::alias::AliasKey;
use crate::model::model_version::ModelVersion;
use crate::model::name::VersionKey;
use crate::model::origin::VersionOrigin;
use crate::model::policy::target::Target;
use crate::model::stage::Stage;
use crate::model::tag::Tag;

const SELECT: &str = "
    SELECT v.name, v.version, v.creation_time, v.last_updated_time, v.description, v.user_id, v.current_stage,
        v.source, v.run_id, v.run_link, v.status, v.status_message, ";

const TAGS: &str = " FROM model_version_tags t WHERE t.workspace = v.workspace AND t.name = v.name AND t.version = v.version";

const ALIASES: &str = " FROM registered_model_aliases a WHERE a.workspace = v.workspace AND a.name = v.name AND a.version = v.version";

const LATEST: &str = "
    FROM (
        SELECT r.*, row_number() OVER (PARTITION BY r.name, r.current_stage ORDER BY r.version DESC) AS place
        FROM model_versions r
        WHERE r.workspace = 'default' AND r.current_stage != 'Deleted_Internal' AND r.name IN (";
const LATEST_END: &str = ")) v
    WHERE v.place = 1 ORDER BY v.name, v.current_stage";

// The same, model by model: PostgreSQL would read all versions of all models, since it takes their key for dearer.
const LATEST_OF_EACH: &str = "
    FROM registered_models m
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (r.current_stage) r.*
        FROM model_versions r
        WHERE r.workspace = m.workspace AND r.name = m.name AND r.current_stage != 'Deleted_Internal'
        ORDER BY r.current_stage, r.version DESC
    ) v
    WHERE m.workspace = 'default' AND m.name IN (";
const LATEST_OF_EACH_END: &str = ") ORDER BY v.name, v.current_stage";

const OF_KEY: &str = "
    FROM model_versions v
    WHERE v.workspace = 'default' AND v.name = $1 AND v.version = $2 AND v.current_stage != 'Deleted_Internal'";

const OF_ALIAS: &str = "
    FROM registered_model_aliases m
    JOIN model_versions v ON v.workspace = m.workspace AND v.name = m.name AND v.version = m.version
    WHERE m.workspace = 'default' AND m.name = $1 AND m.alias = $2 AND v.current_stage != 'Deleted_Internal'";

const FIND_LOCATION: &str = "
    SELECT coalesce(nullif(storage_location, ''), source, '') AS location FROM model_versions
    WHERE workspace = 'default' AND name = $1 AND version = $2 AND current_stage != 'Deleted_Internal'";

const FIND_ORIGIN: &str = "
    SELECT v.version, coalesce(v.run_id, '') AS run_id,
        coalesce(nullif(v.storage_location, ''), v.source, '') AS location
    FROM registered_models m
    JOIN model_versions v ON v.workspace = m.workspace AND v.name = m.name
    WHERE m.workspace = 'default' AND m.name = $1 AND v.version = $2 AND v.current_stage != 'Deleted_Internal'";

// Between the two stands the lock of the policies.
const FIND_GUARDED_ORIGIN: &str = "
    SELECT v.version, coalesce(v.run_id, '') AS run_id,
        coalesce(nullif(v.storage_location, ''), v.source, '') AS location, (
            SELECT p.document IS NOT NULL FROM forebay_promotion_policies p
            WHERE p.model_name = m.name AND p.target = $3 ORDER BY p.version DESC LIMIT 1";
const FIND_GUARDED_ORIGIN_END: &str = ") AS is_guarded
    FROM registered_models m
    JOIN model_versions v ON v.workspace = m.workspace AND v.name = m.name
    WHERE m.workspace = 'default' AND m.name = $1 AND v.version = $2 AND v.current_stage != 'Deleted_Internal'";

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

const INSERT: &str = "
    INSERT INTO model_versions
        (name, version, creation_time, last_updated_time, description, current_stage, source, storage_location, run_id,
        run_link, status, workspace) VALUES ";

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

/// Whether a version is asked for with its aliases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aliases {
    Told,
    Omitted,
}

/// The beginning of a query for versions `v`, up to its FROM.
pub(super) fn select(engine: Engine, aliases: Aliases) -> Sql {
    let mut sql = Sql::new(SELECT);
    pairs::push(&mut sql, engine, "t.key, t.value", TAGS);
    sql.push(" AS tags, ");
    match aliases {
        Aliases::Told => pairs::push(&mut sql, engine, "a.alias, a.version", ALIASES),
        Aliases::Omitted => drop(sql.push("NULL")),
    }
    sql.push(" AS aliases");
    sql
}

/// A version, unless it is deleted.
pub(crate) async fn find(tx: &mut Tx, key: &VersionKey) -> Result<Option<ModelVersion>, Error> {
    let mut sql = select(tx.engine(), Aliases::Told).bind(&key.name).bind(key.version);
    sql.push(OF_KEY);
    Ok(tx.find::<ModelVersionRow>(sql).await?.map(|row| row.0))
}

/// The version that an alias stands for.
pub(crate) async fn find_by_alias(tx: &mut Tx, key: &AliasKey) -> Result<Option<ModelVersion>, Error> {
    let mut sql = select(tx.engine(), Aliases::Told).bind(&key.name).bind(&key.alias);
    sql.push(OF_ALIAS);
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

/// The same, and no other transaction changes the version or its model before this one ends.
pub(crate) async fn find_origin_locked(
    tx: &mut Tx,
    key: &VersionKey,
) -> Result<Option<VersionOrigin>, Error> {
    let mut sql = Sql::new(FIND_ORIGIN).bind(&key.name).bind(key.version);
    sql.push(tx.engine().lock_exclusive());
    Ok(tx.find::<OriginRow>(sql).await?.map(|row| row.0))
}

/// The same, and whether a policy guards an alias or a stage of the model, which nobody changes either before this
/// transaction ends, as after [`promotion_policies::lock_shared`](super::promotion_policies::lock_shared): one statement
/// does all that comes before a move.
pub(crate) async fn find_guarded_origin_locked(
    tx: &mut Tx,
    key: &VersionKey,
    target: &Target,
) -> Result<Option<(VersionOrigin, IsGuarded)>, Error> {
    let engine = tx.engine();
    let mut sql = Sql::new(FIND_GUARDED_ORIGIN).bind(&key.name).bind(key.version).bind(target.to_stored());
    sql.push(engine.lock_shared()).push(FIND_GUARDED_ORIGIN_END).push(engine.lock_exclusive());
    Ok(tx.find::<GuardedOriginRow>(sql).await?.map(|row| row.0))
}

/// Whether a policy says who may move a target.
pub(crate) type IsGuarded = bool;

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
    pub(crate) key: &'a VersionKey,
    pub(crate) description: &'a str,
    pub(crate) source: &'a str,
    pub(crate) storage_location: &'a str,
    pub(crate) run_id: &'a str,
    pub(crate) run_link: &'a str,
}

/// Inserts versions.
///
/// # Errors
/// [`Error::Duplicate`] when a number is taken.
pub(crate) async fn insert(tx: &mut Tx, rows: &[NewRow<'_>], now_ms: i64) -> Result<(), Error> {
    let cells = rows.iter().map(|row| {
        [
            (&row.key.name).into(),
            row.key.version.into(),
            now_ms.into(),
            now_ms.into(),
            row.description.into(),
            Stage::None.as_str().into(),
            row.source.into(),
            row.storage_location.into(),
            row.run_id.into(),
            row.run_link.into(),
            ModelVersionStatus::Ready.as_str().into(),
            "default".into(),
        ]
    });
    tx.insert(Insert { head: INSERT, tail: "" }, cells).await.map(drop)
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

/// The highest version of each stage of those models.
pub(crate) async fn list_latest(
    tx: &mut Tx,
    names: &[String],
    aliases: Aliases,
) -> Result<Vec<ModelVersion>, Error> {
    let (start, end) = match tx.engine() {
        Engine::Sqlite => (LATEST, LATEST_END),
        Engine::Postgres => (LATEST_OF_EACH, LATEST_OF_EACH_END),
    };
    let mut found = Vec::new();
    for names in names.chunks(KEYS_PER_STATEMENT) {
        let mut sql = select(tx.engine(), aliases);
        sql.push(start).push_list(names).push(end);
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

struct GuardedOriginRow((VersionOrigin, IsGuarded));

impl FromRow for GuardedOriginRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let is_guarded: Option<bool> = row.get("is_guarded")?;
        Ok(GuardedOriginRow((OriginRow::from_row(row)?.0, is_guarded.unwrap_or(false))))
    }
}

struct NumberRow(i64);

impl FromRow for NumberRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("version").map(NumberRow)
    }
}

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
            tags: pairs::read(row, "tags")?.into_iter().map(Tag::from_pair).collect(),
            aliases: pairs::read::<i64>(row, "aliases")?.into_keys().collect(),
        }))
    }
}

fn status(row: &Row) -> Result<Option<ModelVersionStatus>, Error> {
    const COLUMN: &str = "status";
    let Some(name) = row.get::<Option<String>>(COLUMN)? else { return Ok(None) };
    let known = ModelVersionStatus::from_name(&name);
    known.map(Some).ok_or_else(|| Error::Inconsistent { column: COLUMN, reason: format!("'{name}'") })
}
