//! The history of the aliases and stages of a model: what happened, by whom and why.

use forebay_core::page_token;
use forebay_wire::number::Int64;
use forebay_wire::promotions as wire;

use super::origin::VersionOrigin;
use super::policy::target::Target;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An alias or stage moved without a policy.
    Set,
    /// It moved because all gates passed.
    Promoted,
    /// It moved whatever the gates said.
    Overridden,
    /// It moved back.
    RolledBack,
    /// It stands for nothing any more.
    Removed,
    Requested,
    Approved,
    Rejected,
    Cancelled,
    /// A gate failed, or approvals were missing.
    Refused,
    PolicyApplied,
    PolicyDeleted,
    /// The model came by this name, or lost it.
    Renamed,
    /// The model is gone. A later one of the same name begins anew.
    ModelDeleted,
}

impl Kind {
    const ALL: [Kind; 14] = [
        Kind::Set,
        Kind::Promoted,
        Kind::Overridden,
        Kind::RolledBack,
        Kind::Removed,
        Kind::Requested,
        Kind::Approved,
        Kind::Rejected,
        Kind::Cancelled,
        Kind::Refused,
        Kind::PolicyApplied,
        Kind::PolicyDeleted,
        Kind::Renamed,
        Kind::ModelDeleted,
    ];

    /// As tables and answers write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Set => "SET",
            Kind::Promoted => "PROMOTED",
            Kind::Overridden => "OVERRIDDEN",
            Kind::RolledBack => "ROLLED_BACK",
            Kind::Removed => "REMOVED",
            Kind::Requested => "REQUESTED",
            Kind::Approved => "APPROVED",
            Kind::Rejected => "REJECTED",
            Kind::Cancelled => "CANCELLED",
            Kind::Refused => "REFUSED",
            Kind::PolicyApplied => "POLICY_APPLIED",
            Kind::PolicyDeleted => "POLICY_DELETED",
            Kind::Renamed => "RENAMED",
            Kind::ModelDeleted => "MODEL_DELETED",
        }
    }

    /// The kind with this name, exactly as tables write it.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The order of all entries; 0 of one that is not kept yet.
    pub(crate) sequence_number: i64,
    /// The name that the model had.
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) kind: Kind,
    pub(crate) from_version: Option<i64>,
    pub(crate) to_version: Option<i64>,
    /// The name that the model had before it was renamed.
    pub(crate) from_name: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) reason: Option<String>,
    /// Milliseconds since the epoch.
    pub(crate) created_ms: i64,
    pub(crate) promotion_id: Option<String>,
    pub(crate) policy_version: Option<i64>,
    pub(crate) gates: Vec<wire::GateResult>,
    pub(crate) approvals: Vec<wire::Approval>,
    /// Of the version that the target stands for since, or stood for until now.
    pub(crate) origin: Option<VersionOrigin>,
}

impl Entry {
    /// An entry about a target, with nothing more to say.
    pub(crate) fn new(kind: Kind, name: &str, target: &Target, created_ms: i64) -> Self {
        Entry {
            sequence_number: 0,
            name: name.to_owned(),
            target: target.clone(),
            kind,
            from_version: None,
            to_version: None,
            from_name: None,
            user: None,
            reason: None,
            created_ms,
            promotion_id: None,
            policy_version: None,
            gates: Vec::new(),
            approvals: Vec::new(),
            origin: None,
        }
    }
}

impl From<Entry> for wire::HistoryEntry {
    fn from(entry: Entry) -> Self {
        let (alias, stage) = entry.target.into_parts();
        wire::HistoryEntry {
            name: Some(entry.name),
            alias,
            stage,
            kind: Some(entry.kind.as_str().to_owned()),
            from_version: entry.from_version.map(|version| version.to_string()),
            to_version: entry.to_version.map(|version| version.to_string()),
            from_name: entry.from_name,
            user: entry.user,
            reason: entry.reason,
            timestamp: Some(entry.created_ms.into()),
            promotion_id: entry.promotion_id,
            policy_version: entry.policy_version.map(Int64),
            gates: entry.gates,
            approvals: entry.approvals,
        }
    }
}

/// A page of a history, the latest entry first.
#[derive(Debug)]
pub(crate) struct HistoryPage {
    pub(crate) entries: Vec<Entry>,
    /// How many rows the next page skips, if there is one.
    pub(crate) next_offset: Option<i64>,
}

impl From<HistoryPage> for wire::GetPromotionHistoryResponse {
    fn from(page: HistoryPage) -> Self {
        wire::GetPromotionHistoryResponse {
            entries: page.entries.into_iter().map(Into::into).collect(),
            next_page_token: page.next_offset.map(page_token::encode_offset),
        }
    }
}
