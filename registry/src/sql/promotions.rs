//! Table `forebay_promotions`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};
use forebay_wire::promotions as wire;

use super::promotion_policies::target;
use crate::model::policy::target::Target;
use crate::model::promotion::{GateResult, Judgement, Promotion, Status, Subject};
use crate::model::promotion_requests::ListPromotions;

const SELECT: &str = "
    SELECT p.promotion_id, p.model_name, p.target, p.version, p.previous_version, p.status, p.is_override,
        p.requested_by, p.reason, p.created_ms, p.last_updated_ms, p.policy_version, p.evidence_hash, p.gates,
        p.required_approvals
    FROM forebay_promotions p WHERE 1 = 1";

const INSERT: &str = "
    INSERT INTO forebay_promotions
        (promotion_id, model_name, target, version, previous_version, status, is_override, requested_by, reason,
        created_ms, last_updated_ms, policy_version, evidence_hash, gates, required_approvals)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

const UPDATE: &str = "
    UPDATE forebay_promotions SET status = $2, last_updated_ms = $3, previous_version = $4, policy_version = $5,
        evidence_hash = $6, gates = $7, required_approvals = $8
    WHERE promotion_id = $1";

/// The promotion with that id, without its approvals.
pub(crate) async fn find(tx: &mut Tx, id: &str) -> Result<Option<Promotion>, Error> {
    let mut sql = Sql::new(SELECT);
    sql.push(" AND p.promotion_id = ").push_bind(id);
    Ok(tx.find::<PromotionRow>(sql).await?.map(|row| row.0))
}

/// The promotions of a model that wait, without their approvals.
pub(crate) async fn list_pending(tx: &mut Tx, name: &str) -> Result<Vec<Promotion>, Error> {
    let mut sql = Sql::new(SELECT);
    sql.push(" AND p.model_name = ").push_bind(name);
    sql.push(" AND p.status = 'PENDING' ORDER BY p.created_ms, p.promotion_id");
    Ok(tx.list::<PromotionRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// The rows of the page and, if there is one, the first row of the next, the latest first, without their approvals.
pub(crate) async fn list(tx: &mut Tx, req: &ListPromotions) -> Result<Vec<Promotion>, Error> {
    let mut sql = Sql::new(SELECT);
    if let Some(name) = &req.name {
        sql.push(" AND p.model_name = ").push_bind(name);
    }
    if let Some(status) = req.status {
        sql.push(" AND p.status = ").push_bind(status.as_str());
    }
    sql.push(" ORDER BY p.created_ms DESC, p.promotion_id DESC LIMIT ").push_bind(req.max_results + 1);
    sql.push(" OFFSET ").push_bind(req.offset);
    Ok(tx.list::<PromotionRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// Adds a promotion that has an id.
pub(crate) async fn insert(tx: &mut Tx, promotion: &Promotion) -> Result<(), Error> {
    let judgement = promotion.judgement.as_ref();
    let sql = Sql::new(INSERT)
        .bind(promotion.id.clone())
        .bind(&promotion.subject.name)
        .bind(promotion.subject.target.to_stored())
        .bind(promotion.subject.version)
        .bind(promotion.previous_version)
        .bind(promotion.status.as_str())
        .bind(promotion.is_override)
        .bind(promotion.requested_by.clone())
        .bind(promotion.reason.clone())
        .bind(promotion.created_ms)
        .bind(promotion.updated_ms)
        .bind(judgement.map(|judgement| judgement.policy_version))
        .bind(judgement.map(|judgement| judgement.evidence_hash.clone()))
        .bind(gates(judgement))
        .bind(judgement.map_or(0, |judgement| judgement.required_approvals));
    tx.run(sql).await.map(drop)
}

/// Writes what became of a promotion.
pub(crate) async fn update(tx: &mut Tx, promotion: &Promotion) -> Result<(), Error> {
    let judgement = promotion.judgement.as_ref();
    let sql = Sql::new(UPDATE)
        .bind(promotion.id.clone())
        .bind(promotion.status.as_str())
        .bind(promotion.updated_ms)
        .bind(promotion.previous_version)
        .bind(judgement.map(|judgement| judgement.policy_version))
        .bind(judgement.map(|judgement| judgement.evidence_hash.clone()))
        .bind(gates(judgement))
        .bind(judgement.map_or(0, |judgement| judgement.required_approvals));
    tx.run(sql).await.map(drop)
}

fn gates(judgement: Option<&Judgement>) -> String {
    let gates = judgement.map(|judgement| judgement.gates.clone()).unwrap_or_default();
    let gates: Vec<wire::GateResult> = gates.into_iter().map(Into::into).collect();
    // A list of texts is always JSON.
    serde_json::to_string(&gates).unwrap_or_default()
}

struct PromotionRow(Promotion);

impl FromRow for PromotionRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let target: Target = target(row)?;
        let subject = Subject { name: row.get("model_name")?, target, version: row.get("version")? };
        Ok(PromotionRow(Promotion {
            id: Some(row.get("promotion_id")?),
            subject,
            previous_version: row.get("previous_version")?,
            status: status(row)?,
            is_override: row.get("is_override")?,
            requested_by: row.get("requested_by")?,
            reason: row.get("reason")?,
            created_ms: row.get("created_ms")?,
            updated_ms: row.get("last_updated_ms")?,
            judgement: judgement(row)?,
            approvals: Vec::new(),
            has_lapsed: false,
        }))
    }
}

fn status(row: &Row) -> Result<Status, Error> {
    let text: String = row.get("status")?;
    Status::parse(&text).map_err(|error| Error::Inconsistent { column: "status", reason: error.to_string() })
}

fn judgement(row: &Row) -> Result<Option<Judgement>, Error> {
    let Some(policy_version) = row.get::<Option<i64>>("policy_version")? else { return Ok(None) };
    let gates: String = row.get("gates")?;
    let gates: Vec<wire::GateResult> = serde_json::from_str(&gates)
        .map_err(|error| Error::Inconsistent { column: "gates", reason: error.to_string() })?;
    Ok(Some(Judgement {
        policy_version,
        gates: gates.into_iter().map(GateResult::from).collect(),
        evidence_hash: row.get::<Option<String>>("evidence_hash")?.unwrap_or_default(),
        required_approvals: row.get("required_approvals")?,
    }))
}
