//! What can be asked about promotions and their policies.

use forebay_core::invalid::Invalid;
use forebay_core::page_token;
use forebay_core::text;
use forebay_wire::promotions as wire;

use super::name::{ModelName, VersionKey};
use super::page;
use super::policy::target::Target;
use super::promotion::{Status, Subject};

/// Longest reason or comment, in characters.
const MAX_TEXT_CHARS: usize = 5_000;

/// Most entries on a page, and as many as there are on one when the request does not say.
const MAX_PAGE: i64 = 1_000;
const DEFAULT_PAGE: i64 = 100;

/// What a request wants done about its gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Look at them, and move if all pass.
    Promote,
    /// Look at them, and change nothing.
    DryRun,
    /// Look at them, and move whatever they say.
    Override,
}

/// Asks for a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestPromotion {
    pub(crate) subject: Subject,
    pub(crate) mode: Mode,
    /// There is one with [`Mode::Override`].
    pub(crate) reason: Option<String>,
}

impl TryFrom<wire::RequestPromotion> for RequestPromotion {
    type Error = Invalid;

    fn try_from(req: wire::RequestPromotion) -> Result<Self, Invalid> {
        let VersionKey { name, version } = VersionKey::parse(req.name, req.version)?;
        let target = Target::parse(req.alias, req.stage)?;
        let reason = words("reason", req.reason)?;
        let mode = match (req.dry_run.unwrap_or_default(), req.is_override.unwrap_or_default()) {
            (false, false) => Mode::Promote,
            (true, false) => Mode::DryRun,
            (false, true) if reason.is_none() => {
                return Err(Invalid::message(
                    "Missing value for required parameter 'reason': an override has to say why.",
                ));
            }
            (false, true) => Mode::Override,
            (true, true) => {
                let why = "A dry run moves nothing, so it overrides nothing.";
                return Err(Invalid::value("is_override", &true, why));
            }
        };
        Ok(RequestPromotion { subject: Subject { name, target, version }, mode, reason })
    }
}

/// Returns an alias or a stage to the version that it stood for before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RollBack {
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) reason: Option<String>,
}

impl TryFrom<wire::RollBack> for RollBack {
    type Error = Invalid;

    fn try_from(req: wire::RollBack) -> Result<Self, Invalid> {
        Ok(RollBack {
            name: ModelName::parse(req.name)?.as_str().to_owned(),
            target: Target::parse(req.alias, req.stage)?,
            reason: words("reason", req.reason)?,
        })
    }
}

/// Reads what a user has to say to a decision.
pub(crate) fn comment(req: wire::DecidePromotion) -> Result<Option<String>, Invalid> {
    words("comment", req.comment)
}

/// A page of promotions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListPromotions {
    pub(crate) name: Option<String>,
    pub(crate) status: Option<Status>,
    /// 1 to [`MAX_PAGE`].
    pub(crate) max_results: i64,
    /// Rows to skip, ≥ 0.
    pub(crate) offset: i64,
}

impl TryFrom<wire::ListPromotions> for ListPromotions {
    type Error = Invalid;

    fn try_from(req: wire::ListPromotions) -> Result<Self, Invalid> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(ListPromotions {
            name: given(req.name),
            status: given(req.status).as_deref().map(Status::parse).transpose()?,
            max_results: page::size(req.max_results.map_or(DEFAULT_PAGE, |max| max.0), MAX_PAGE)?,
            offset: page_token::decode_offset(req.page_token.as_deref().unwrap_or_default())?,
        })
    }
}

/// A page of the history of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GetHistory {
    pub(crate) name: String,
    pub(crate) target: Option<Target>,
    /// 1 to [`MAX_PAGE`].
    pub(crate) max_results: i64,
    /// Rows to skip, ≥ 0.
    pub(crate) offset: i64,
}

impl TryFrom<wire::GetPromotionHistory> for GetHistory {
    type Error = Invalid;

    fn try_from(req: wire::GetPromotionHistory) -> Result<Self, Invalid> {
        Ok(GetHistory {
            name: ModelName::parse(req.name)?.as_str().to_owned(),
            target: Target::parse_any(req.alias, req.stage)?,
            max_results: page::size(req.max_results.map_or(DEFAULT_PAGE, |max| max.0), MAX_PAGE)?,
            offset: page_token::decode_offset(req.page_token.as_deref().unwrap_or_default())?,
        })
    }
}

/// Which policies: all, those of a model, or the one of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedPolicies {
    pub(crate) name: Option<String>,
    pub(crate) target: Option<Target>,
}

impl TryFrom<wire::NamedPolicies> for NamedPolicies {
    type Error = Invalid;

    fn try_from(req: wire::NamedPolicies) -> Result<Self, Invalid> {
        let name = req.name.filter(|name| !name.is_empty());
        Ok(NamedPolicies { name, target: Target::parse_any(req.alias, req.stage)? })
    }
}

/// A policy that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeletePolicy {
    pub(crate) name: String,
    pub(crate) target: Target,
}

impl TryFrom<wire::NamedPolicies> for DeletePolicy {
    type Error = Invalid;

    fn try_from(req: wire::NamedPolicies) -> Result<Self, Invalid> {
        let name = ModelName::parse(req.name)?.as_str().to_owned();
        Ok(DeletePolicy { name, target: Target::parse(req.alias, req.stage)? })
    }
}

fn words(field: &str, text: Option<String>) -> Result<Option<String>, Invalid> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(text) = &text {
        text::check_length(field, MAX_TEXT_CHARS, text)?;
    }
    Ok(text)
}
