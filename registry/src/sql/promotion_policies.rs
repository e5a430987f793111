//! Table `forebay_promotion_policies`: each change of a policy is a row, and the highest version counts.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::kept_policy::KeptPolicy;
use crate::model::policy::Policy;
use crate::model::policy::target::Target;

/// Whoever judges by policies, or changes one, waits for all others who do, and for those who change what policies are
/// about; these do not wait for each other.
const LOCK: &str = "LOCK TABLE forebay_promotion_policies IN EXCLUSIVE MODE";

/// What any SELECT with a row lock takes as well.
const LOCK_SHARED: &str = "LOCK TABLE forebay_promotion_policies IN ROW SHARE MODE";

const FIND_VERSION: &str = "
    SELECT model_name, target, version, document, created_ms, created_by FROM forebay_promotion_policies
    WHERE model_name = $1 AND target = $2 AND version = $3";

const LIST: &str = "
    SELECT p.model_name, p.target, p.version, p.document, p.created_ms, p.created_by
    FROM forebay_promotion_policies p
    WHERE p.document IS NOT NULL AND p.version = (
        SELECT MAX(q.version) FROM forebay_promotion_policies q
        WHERE q.model_name = p.model_name AND q.target = p.target)";

const FIND: &str = "
    SELECT model_name, target, version, document, created_ms, created_by FROM forebay_promotion_policies
    WHERE model_name = $1 AND target = $2 ORDER BY version DESC LIMIT 1";

const INSERT: &str = "
    INSERT INTO forebay_promotion_policies (model_name, target, version, document, created_ms, created_by)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// Lets nobody else judge by policies, change them, or change what they are about, before this transaction ends.
///
/// This lock, or the shared one, comes before any other of a transaction: else two could wait for each other.
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), Error> {
    run(tx, LOCK).await
}

/// Lets nobody judge by policies or change them before this transaction ends, which changes what they are about.
pub(crate) async fn lock_shared(tx: &mut Tx) -> Result<(), Error> {
    run(tx, LOCK_SHARED).await
}

async fn run(tx: &mut Tx, lock: &'static str) -> Result<(), Error> {
    match tx.engine().lock_table(lock) {
        Some(statement) => tx.run(Sql::new(statement)).await.map(drop),
        None => Ok(()),
    }
}

/// The last version of a policy, also one by which it was deleted.
pub(crate) async fn find_last(tx: &mut Tx, name: &str, target: &Target) -> Result<Option<KeptPolicy>, Error> {
    Ok(tx.find::<PolicyRow>(Sql::new(FIND).bind(name).bind(target.to_stored())).await?.map(|row| row.0))
}

/// One version of a policy.
pub(crate) async fn find_version(
    tx: &mut Tx,
    name: &str,
    target: &Target,
    version: i64,
) -> Result<Option<Policy>, Error> {
    let sql = Sql::new(FIND_VERSION).bind(name).bind(target.to_stored()).bind(version);
    Ok(tx.find::<PolicyRow>(sql).await?.and_then(|row| row.0.policy))
}

/// The policy that guards an alias or a stage, with its version.
pub(crate) async fn find(tx: &mut Tx, name: &str, target: &Target) -> Result<Option<(i64, Policy)>, Error> {
    let last = find_last(tx, name, target).await?;
    Ok(last.and_then(|kept| kept.policy.map(|policy| (kept.version, policy))))
}

/// The policies that are in force, by model and target: all, or those of a model or of a target.
pub(crate) async fn list(
    tx: &mut Tx,
    name: Option<&str>,
    target: Option<&Target>,
) -> Result<Vec<KeptPolicy>, Error> {
    let mut sql = Sql::new(LIST);
    if let Some(name) = name {
        sql.push(" AND p.model_name = ").push_bind(name);
    }
    if let Some(target) = target {
        sql.push(" AND p.target = ").push_bind(target.to_stored());
    }
    sql.push(" ORDER BY p.model_name, p.target");
    Ok(tx.list::<PolicyRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// Adds a version of a policy.
pub(crate) async fn insert(tx: &mut Tx, kept: &KeptPolicy) -> Result<(), Error> {
    let sql = Sql::new(INSERT)
        .bind(&kept.name)
        .bind(kept.target.to_stored())
        .bind(kept.version)
        .bind(kept.policy.as_ref().map(Policy::to_stored))
        .bind(kept.created_ms)
        .bind(kept.created_by.clone());
    tx.run(sql).await.map(drop)
}

struct PolicyRow(KeptPolicy);

impl FromRow for PolicyRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let document: Option<String> = row.get("document")?;
        let policy = document.map(|text| Policy::from_stored(&text)).transpose();
        let policy =
            policy.map_err(|error| Error::Inconsistent { column: "document", reason: error.to_string() })?;
        Ok(PolicyRow(KeptPolicy {
            name: row.get("model_name")?,
            target: target(row)?,
            version: row.get("version")?,
            policy,
            created_ms: row.get("created_ms")?,
            created_by: row.get("created_by")?,
        }))
    }
}

/// The target in a row's column of that name.
pub(super) fn target(row: &Row) -> Result<Target, Error> {
    let stored: String = row.get("target")?;
    Target::from_stored(&stored).ok_or_else(|| Error::Inconsistent { column: "target", reason: stored })
}
