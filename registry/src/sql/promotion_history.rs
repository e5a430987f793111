//! Table `forebay_promotion_history`. Rows are added, never changed and never deleted.

use forebay_db::{Error, FromRow, Row, Sql, Tx};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::promotion_policies::target;
use crate::model::history::{Entry, Kind};
use crate::model::origin::VersionOrigin;
use crate::model::policy::target::Target;
use crate::model::promotion_requests::GetHistory;

const SELECT: &str = "
    SELECT h.sequence_number, h.model_name, h.target, h.kind, h.from_version, h.to_version, h.from_name, h.user_name, h.reason,
        h.created_ms, h.promotion_id, h.policy_version, h.gates, h.approvals, h.origin
    FROM forebay_promotion_history h WHERE h.model_name = ";

const INSERT: &str = "
    INSERT INTO forebay_promotion_history
        (model_name, target, kind, from_version, to_version, from_name, user_name, reason, created_ms, promotion_id,
        policy_version, gates, approvals, origin)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

const FIND_ORIGIN: &str = "
    SELECT kind, origin FROM forebay_promotion_history
    WHERE model_name = $1 AND target = $2 AND origin IS NOT NULL ORDER BY sequence_number DESC LIMIT 1";

const FIND_LAST_ENTERED: &str = "
    SELECT to_version FROM forebay_promotion_history
    WHERE model_name = $1 AND target = $2 AND to_version IS NOT NULL
        AND kind IN ('SET', 'PROMOTED', 'OVERRIDDEN', 'ROLLED_BACK', 'RENAMED')
    ORDER BY sequence_number DESC LIMIT 1";

const LIST_POLICY_VERSIONS: &str = "
    SELECT DISTINCT policy_version FROM forebay_promotion_history
    WHERE model_name = $1 AND target = $2 AND to_version = $3 AND policy_version IS NOT NULL
        AND kind IN ('PROMOTED', 'OVERRIDDEN', 'RENAMED')";

const LIST_TARGETS: &str = "SELECT DISTINCT target FROM forebay_promotion_history WHERE model_name = $1";

/// The rows of the page and, if there is one, the first row of the next, the latest first.
pub(crate) async fn list(tx: &mut Tx, req: &GetHistory) -> Result<Vec<Entry>, Error> {
    let mut sql = Sql::new(SELECT);
    sql.push_bind(&req.name);
    if let Some(target) = &req.target {
        sql.push(" AND h.target = ").push_bind(target.to_stored());
    }
    sql.push(" ORDER BY h.sequence_number DESC LIMIT ").push_bind(req.max_results + 1);
    sql.push(" OFFSET ").push_bind(req.offset);
    Ok(tx.list::<EntryRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// What moved a target, or ended its story under a name, before an entry, the latest first.
pub(crate) async fn list_moves(
    tx: &mut Tx,
    (name, target): (&str, &Target),
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let mut sql = Sql::new(SELECT);
    sql.push_bind(name).push(" AND h.target = ").push_bind(target.to_stored());
    sql.push(" AND h.sequence_number < ").push_bind(before);
    sql.push(" AND h.kind IN ('SET', 'PROMOTED', 'OVERRIDDEN', 'ROLLED_BACK', 'RENAMED', 'MODEL_DELETED')");
    sql.push(" ORDER BY h.sequence_number DESC LIMIT ").push_bind(limit);
    Ok(tx.list::<EntryRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// Adds an entry.
pub(crate) async fn insert(tx: &mut Tx, entry: &Entry) -> Result<(), Error> {
    let sql = Sql::new(INSERT)
        .bind(&entry.name)
        .bind(entry.target.to_stored())
        .bind(entry.kind.as_str())
        .bind(entry.from_version)
        .bind(entry.to_version)
        .bind(entry.from_name.clone())
        .bind(entry.user.clone())
        .bind(entry.reason.clone())
        .bind(entry.created_ms)
        .bind(entry.promotion_id.clone())
        .bind(entry.policy_version)
        .bind(to_json(&entry.gates))
        .bind(to_json(&entry.approvals))
        .bind(entry.origin.as_ref().map(VersionOrigin::to_stored));
    tx.run(sql).await.map(drop)
}

/// Where the version came from that an alias or a stage stood for last, as far as anybody noted it.
pub(crate) async fn find_last_origin(
    tx: &mut Tx,
    name: &str,
    target: &Target,
) -> Result<Option<(Kind, VersionOrigin)>, Error> {
    let sql = Sql::new(FIND_ORIGIN).bind(name).bind(target.to_stored());
    Ok(tx.find::<OriginRow>(sql).await?.map(|row| row.0))
}

/// The version that a target was moved to last.
pub(crate) async fn find_last_entered(
    tx: &mut Tx,
    name: &str,
    target: &Target,
) -> Result<Option<i64>, Error> {
    tx.find_cell(Sql::new(FIND_LAST_ENTERED).bind(name).bind(target.to_stored()), "to_version").await
}

/// The versions of the policy by which a version was judged and moved.
pub(crate) async fn list_policy_versions(
    tx: &mut Tx,
    name: &str,
    target: &Target,
    version: i64,
) -> Result<Vec<i64>, Error> {
    let sql = Sql::new(LIST_POLICY_VERSIONS).bind(name).bind(target.to_stored()).bind(version);
    Ok(tx.list::<PolicyVersionRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// The aliases and stages that a name has a history of.
pub(crate) async fn list_targets(tx: &mut Tx, name: &str) -> Result<Vec<Target>, Error> {
    let rows = tx.list::<TargetRow>(Sql::new(LIST_TARGETS).bind(name)).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Nothing for an empty list. Lists of texts and numbers are always JSON.
fn to_json<T: Serialize>(list: &[T]) -> Option<String> {
    if list.is_empty() { None } else { serde_json::to_string(list).ok() }
}

fn from_json<T: DeserializeOwned>(row: &Row, column: &'static str) -> Result<Vec<T>, Error> {
    match row.get::<Option<String>>(column)? {
        Some(text) => serde_json::from_str(&text)
            .map_err(|error| Error::Inconsistent { column, reason: error.to_string() }),
        None => Ok(Vec::new()),
    }
}

fn origin(stored: &str) -> Result<VersionOrigin, Error> {
    VersionOrigin::from_stored(stored)
        .map_err(|error| Error::Inconsistent { column: "origin", reason: error.to_string() })
}

struct OriginRow((Kind, VersionOrigin));

impl FromRow for OriginRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(OriginRow((kind(row)?, origin(&row.get::<String>("origin")?)?)))
    }
}

struct PolicyVersionRow(i64);

impl FromRow for PolicyVersionRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("policy_version").map(PolicyVersionRow)
    }
}

fn kind(row: &Row) -> Result<Kind, Error> {
    let name: String = row.get("kind")?;
    Kind::from_name(&name).ok_or(Error::Inconsistent { column: "kind", reason: name })
}

struct TargetRow(Target);

impl FromRow for TargetRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        target(row).map(TargetRow)
    }
}

struct EntryRow(Entry);

impl FromRow for EntryRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let stored_origin: Option<String> = row.get("origin")?;
        Ok(EntryRow(Entry {
            sequence_number: row.get("sequence_number")?,
            name: row.get("model_name")?,
            target: target(row)?,
            kind: kind(row)?,
            from_version: row.get("from_version")?,
            to_version: row.get("to_version")?,
            from_name: row.get("from_name")?,
            user: row.get("user_name")?,
            reason: row.get("reason")?,
            created_ms: row.get("created_ms")?,
            promotion_id: row.get("promotion_id")?,
            policy_version: row.get("policy_version")?,
            gates: from_json(row, "gates")?,
            approvals: from_json(row, "approvals")?,
            origin: stored_origin.map(|stored| origin(&stored)).transpose()?,
        }))
    }
}
