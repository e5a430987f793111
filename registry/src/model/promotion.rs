//! Promotions: an alias or a stage that is to stand for another version, and what became of it.

use forebay_core::invalid::Invalid;
use forebay_wire::promotions as wire;

use super::name::VersionKey;
use super::policy::target::Target;

/// What is to move where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The name of the registered model.
    pub(crate) name: String,
    pub(crate) target: Target,
    /// ≥ 1.
    pub(crate) version: i64,
}

impl Subject {
    pub(crate) fn version_key(&self) -> VersionKey {
        VersionKey { name: self.name.clone(), version: self.version }
    }
}

/// Where a promotion stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Its gates passed, and approvals are missing.
    Pending,
    /// The alias or stage moved.
    Completed,
    /// A gate failed.
    Refused,
    /// Somebody said no.
    Rejected,
    /// It was taken back, or something happened that made it pointless.
    Cancelled,
}

impl Status {
    const ALL: [Status; 5] =
        [Status::Pending, Status::Completed, Status::Refused, Status::Rejected, Status::Cancelled];

    /// As tables and answers write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "PENDING",
            Status::Completed => "COMPLETED",
            Status::Refused => "REFUSED",
            Status::Rejected => "REJECTED",
            Status::Cancelled => "CANCELLED",
        }
    }

    /// Reads a status, in any case.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let found = Status::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text));
        let names = Status::ALL.map(Status::as_str).join(", ");
        found.ok_or_else(|| Invalid::value("status", text, &format!("It is one of {names}.")))
    }
}

/// What became of one gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GateResult {
    /// The condition as the policy writes it.
    pub(crate) gate: String,
    pub(crate) passed: bool,
    /// The values that were found; empty when there are none.
    pub(crate) found: String,
    /// Why it passed or failed.
    pub(crate) reason: String,
}

/// A user's consent, to one version of the policy and to the values that it was judged by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Approval {
    pub(crate) user: String,
    pub(crate) policy_version: i64,
    pub(crate) evidence_hash: String,
    pub(crate) comment: Option<String>,
    /// Milliseconds since the epoch.
    pub(crate) created_ms: i64,
}

/// What a policy made of a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) policy_version: i64,
    /// In the order of the policy.
    pub(crate) gates: Vec<GateResult>,
    /// SHA-256 of all values that the gates looked at, in hexadecimal digits.
    pub(crate) evidence_hash: String,
    /// How many users have to approve.
    pub(crate) required_approvals: i64,
}

impl Judgement {
    /// Whether every gate passed.
    pub(crate) fn passed(&self) -> bool {
        self.gates.iter().all(|gate| gate.passed)
    }

    /// Whether somebody consented to just this.
    pub(crate) fn is_met_by(&self, approval: &Approval) -> bool {
        approval.policy_version == self.policy_version && approval.evidence_hash == self.evidence_hash
    }
}

/// A promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promotion {
    /// None of a dry run.
    pub(crate) id: Option<String>,
    pub(crate) subject: Subject,
    /// The version that stood there.
    pub(crate) previous_version: Option<i64>,
    pub(crate) status: Status,
    pub(crate) is_override: bool,
    pub(crate) requested_by: Option<String>,
    pub(crate) reason: Option<String>,
    /// Milliseconds since the epoch.
    pub(crate) created_ms: i64,
    /// Milliseconds since the epoch.
    pub(crate) updated_ms: i64,
    /// None without a policy.
    pub(crate) judgement: Option<Judgement>,
    /// In the order of their times.
    pub(crate) approvals: Vec<Approval>,
    /// Whether the policy or the values changed since it was judged, so that no approval counts.
    pub(crate) has_lapsed: bool,
}

impl Promotion {
    /// How many of its approvals count.
    pub(crate) fn n_approvals(&self) -> usize {
        let Some(judgement) = &self.judgement else { return 0 };
        self.approvals.iter().filter(|approval| judgement.is_met_by(approval)).count()
    }

    /// How many approvals its policy asks for.
    pub(crate) fn required_approvals(&self) -> i64 {
        self.judgement.as_ref().map_or(0, |judgement| judgement.required_approvals)
    }

    /// How many approvals are missing.
    pub(crate) fn missing_approvals(&self) -> i64 {
        let given = i64::try_from(self.n_approvals()).unwrap_or(i64::MAX);
        (self.required_approvals() - given).max(0)
    }
}

impl From<Promotion> for wire::Promotion {
    fn from(promotion: Promotion) -> Self {
        let approvals = to_wire_approvals(&promotion);
        let Promotion { subject, judgement, .. } = promotion;
        let (alias, stage) = subject.target.into_parts();
        let (policy_version, gates, evidence_hash, required) = match judgement {
            Some(judgement) => (
                Some(judgement.policy_version.into()),
                judgement.gates.into_iter().map(Into::into).collect(),
                Some(judgement.evidence_hash),
                Some(judgement.required_approvals.into()),
            ),
            None => (None, Vec::new(), None, None),
        };
        wire::Promotion {
            promotion_id: promotion.id,
            name: Some(subject.name),
            version: Some(subject.version.to_string()),
            previous_version: promotion.previous_version.map(|version| version.to_string()),
            alias,
            stage,
            status: Some(promotion.status.as_str().to_owned()),
            is_override: Some(promotion.is_override),
            requested_by: promotion.requested_by,
            reason: promotion.reason,
            creation_timestamp: Some(promotion.created_ms.into()),
            last_updated_timestamp: Some(promotion.updated_ms.into()),
            policy_version,
            evidence_hash,
            gates,
            approvals,
            required_approvals: required,
        }
    }
}

/// The approvals of a promotion, each with whether it counts.
pub(crate) fn to_wire_approvals(promotion: &Promotion) -> Vec<wire::Approval> {
    let counts = |approval: &Approval| {
        let judgement = promotion.judgement.as_ref().filter(|_| !promotion.has_lapsed);
        judgement.is_some_and(|judgement| judgement.is_met_by(approval))
    };
    let to_wire = |approval: &Approval| wire::Approval {
        user: Some(approval.user.clone()),
        timestamp: Some(approval.created_ms.into()),
        comment: approval.comment.clone(),
        counts: Some(counts(approval)),
    };
    promotion.approvals.iter().map(to_wire).collect()
}

impl From<GateResult> for wire::GateResult {
    fn from(result: GateResult) -> Self {
        wire::GateResult {
            gate: Some(result.gate),
            passed: Some(result.passed),
            found: Some(result.found).filter(|found| !found.is_empty()),
            reason: Some(result.reason).filter(|reason| !reason.is_empty()),
        }
    }
}

impl From<wire::GateResult> for GateResult {
    fn from(result: wire::GateResult) -> Self {
        GateResult {
            gate: result.gate.unwrap_or_default(),
            passed: result.passed.unwrap_or_default(),
            found: result.found.unwrap_or_default(),
            reason: result.reason.unwrap_or_default(),
        }
    }
}
