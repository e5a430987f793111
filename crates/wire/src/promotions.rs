//! Messages about promotions: moves of an alias, or of a stage, to another version of a registered model, under a
//! policy. These are ours; MLflow has none like them.
//!
//! A message names an alias or a stage, never both. Unlike MLflow's, what is posted may have no other fields: with a
//! misspelt `dry_run` a promotion would be done.
#![expect(missing_docs, reason = "docs stand where a name does not say it all")]
#![expect(clippy::struct_field_names, reason = "MLflow, too, names the id of a thing after the thing")]

use crate::number::Int64;
use crate::presence::message;

message! {
    /// A promotion, asked for, done or refused.
    pub struct Promotion {
        /// 32 hexadecimal digits; absent for a dry run, and where the version holds the alias already: they leave nothing
        /// behind.
        promotion_id as "promotionId": Option<String>,
        /// The name of the registered model.
        name: Option<String>,
        /// The version that is to hold the alias or stage: a number ≥ 1 in digits.
        version: Option<String>,
        /// The version that held it when the gates were looked at.
        previous_version as "previousVersion": Option<String>,
        alias: Option<String>,
        stage: Option<String>,
        /// `PENDING`, `COMPLETED`, `REFUSED`, `REJECTED` or `CANCELLED`.
        status: Option<String>,
        /// Whether the gates were passed over.
        is_override as "isOverride": Option<bool>,
        requested_by as "requestedBy": Option<String>,
        reason: Option<String>,
        /// Milliseconds since the epoch.
        creation_timestamp as "creationTimestamp": Option<Int64>,
        /// Milliseconds since the epoch.
        last_updated_timestamp as "lastUpdatedTimestamp": Option<Int64>,
        /// The version of the policy by which it was judged, ≥ 1; absent without a policy.
        policy_version as "policyVersion": Option<Int64>,
        /// SHA-256 in hexadecimal digits of all values that the gates looked at.
        evidence_hash as "evidenceHash": Option<String>,
        /// In the order of the policy.
        gates: Vec<GateResult>,
        /// In the order of their times.
        approvals: Vec<Approval>,
        /// How many users have to approve.
        required_approvals as "requiredApprovals": Option<Int64>,
    }

    /// What became of one condition of a policy.
    pub struct GateResult {
        /// The condition as the policy writes it.
        gate: Option<String>,
        passed: Option<bool>,
        /// The values that were found.
        found: Option<String>,
        /// Why it passed or failed, where the values do not say it.
        reason: Option<String>,
    }

    /// A user's consent.
    pub struct Approval {
        user: Option<String>,
        /// Milliseconds since the epoch.
        timestamp: Option<Int64>,
        comment: Option<String>,
        /// Whether it was given to what the policy and the values are now.
        counts: Option<bool>,
    }

    /// `POST promotions`.
    #[serde(deny_unknown_fields)]
    pub struct RequestPromotion {
        /// The name of the registered model.
        name: Option<String>,
        version: Option<String>,
        alias: Option<String>,
        stage: Option<String>,
        reason: Option<String>,
        /// Whether to judge only.
        dry_run as "dryRun": Option<bool>,
        /// Whether to move the alias whatever the gates say; needs a reason.
        is_override as "isOverride": Option<bool>,
    }

    /// `POST promotions/rollback`.
    #[serde(deny_unknown_fields)]
    pub struct RollBack {
        /// The name of the registered model.
        name: Option<String>,
        alias: Option<String>,
        stage: Option<String>,
        reason: Option<String>,
    }

    /// `POST promotions/{promotion_id}/approve`, `/reject` and `/cancel`.
    #[serde(deny_unknown_fields)]
    pub struct DecidePromotion {
        comment: Option<String>,
    }

    /// Answers everything about one promotion.
    pub struct PromotionResponse {
        promotion: Option<Promotion>,
    }

    /// `GET promotions`, the latest first.
    pub struct ListPromotions {
        /// The name of the registered model; all models when absent.
        name: Option<String>,
        status: Option<String>,
        max_results as "maxResults": Option<Int64>,
        page_token as "pageToken": Option<String>,
    }

    /// Answers [`ListPromotions`].
    pub struct ListPromotionsResponse {
        promotions: Vec<Promotion>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `GET promotion-history`: what happened to the aliases and stages of a model, the latest first.
    pub struct GetPromotionHistory {
        /// The name of the registered model, which may be deleted.
        name: Option<String>,
        alias: Option<String>,
        stage: Option<String>,
        max_results as "maxResults": Option<Int64>,
        page_token as "pageToken": Option<String>,
    }

    /// Answers [`GetPromotionHistory`].
    pub struct GetPromotionHistoryResponse {
        entries: Vec<HistoryEntry>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// Something that happened. Entries are never changed and never deleted.
    pub struct HistoryEntry {
        /// The name that the model had.
        name: Option<String>,
        alias: Option<String>,
        stage: Option<String>,
        /// `SET`, `PROMOTED`, `OVERRIDDEN`, `ROLLED_BACK`, `REMOVED`, `REQUESTED`, `APPROVED`, `REJECTED`,
        /// `CANCELLED`, `REFUSED`, `POLICY_APPLIED`, `POLICY_DELETED`, `RENAMED` or `MODEL_DELETED`.
        kind: Option<String>,
        from_version as "fromVersion": Option<String>,
        to_version as "toVersion": Option<String>,
        /// The name that the model had before it was renamed.
        from_name as "fromName": Option<String>,
        user: Option<String>,
        reason: Option<String>,
        /// Milliseconds since the epoch.
        timestamp: Option<Int64>,
        promotion_id as "promotionId": Option<String>,
        policy_version as "policyVersion": Option<Int64>,
        gates: Vec<GateResult>,
        approvals: Vec<Approval>,
    }

    /// `POST promotion-policies`: the policies of a YAML file, all or none.
    #[serde(deny_unknown_fields)]
    pub struct ApplyPromotionPolicies {
        yaml: Option<String>,
    }

    /// Answers [`ApplyPromotionPolicies`] and `GET promotion-policies`.
    pub struct PromotionPoliciesResponse {
        policies: Vec<KeptPolicy>,
    }

    /// A policy as it is kept.
    pub struct KeptPolicy {
        /// The name of the registered model.
        name: Option<String>,
        alias: Option<String>,
        stage: Option<String>,
        /// ≥ 1; each change is a new one.
        version: Option<Int64>,
        /// Whether it was there already, word for word.
        is_unchanged as "isUnchanged": Option<bool>,
        /// Milliseconds since the epoch.
        creation_timestamp as "creationTimestamp": Option<Int64>,
        created_by as "createdBy": Option<String>,
        /// The policy in YAML, as a file may hold it.
        yaml: Option<String>,
    }

    /// `GET promotion-policies` and `DELETE promotion-policies`.
    pub struct NamedPolicies {
        /// The name of the registered model; all models when absent, which a deletion does not allow.
        name: Option<String>,
        alias: Option<String>,
        stage: Option<String>,
    }
}
