//! Table `forebay_promotion_approvals`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use super::KEYS_PER_STATEMENT;
use crate::model::promotion::Approval;

const LIST: &str = "
    SELECT promotion_id, user_name, policy_version, evidence_hash, comment, created_ms
    FROM forebay_promotion_approvals WHERE promotion_id IN (";
const LIST_END: &str = ") ORDER BY promotion_id, created_ms, user_name";

const INSERT: &str = "
    INSERT INTO forebay_promotion_approvals
        (promotion_id, user_name, policy_version, evidence_hash, comment, created_ms)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (promotion_id, user_name, policy_version, evidence_hash) DO NOTHING";

/// The approvals of those promotions, each with the promotion's id, in the order of their times.
pub(crate) async fn list(tx: &mut Tx, ids: &[String]) -> Result<Vec<(String, Approval)>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(KEYS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST);
        sql.push_list(ids).push(LIST_END);
        found.extend(tx.list::<ApprovalRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

/// Adds an approval; the same one again changes nothing.
pub(crate) async fn insert(tx: &mut Tx, promotion_id: &str, approval: &Approval) -> Result<u64, Error> {
    let sql = Sql::new(INSERT)
        .bind(promotion_id)
        .bind(&approval.user)
        .bind(approval.policy_version)
        .bind(&approval.evidence_hash)
        .bind(approval.comment.clone())
        .bind(approval.created_ms);
    tx.run(sql).await
}

struct ApprovalRow((String, Approval));

impl FromRow for ApprovalRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let approval = Approval {
            user: row.get("user_name")?,
            policy_version: row.get("policy_version")?,
            evidence_hash: row.get("evidence_hash")?,
            comment: row.get("comment")?,
            created_ms: row.get("created_ms")?,
        };
        Ok(ApprovalRow((row.get("promotion_id")?, approval)))
    }
}
