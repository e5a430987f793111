//! What a promotion leaves behind: its row, an entry in the history, and an event.

use forebay_db::Tx;
use forebay_wire::promotions as wire;

use super::moves::{self, Move};
use crate::model::event::{Event, PromotionAction};
use crate::model::history::{Entry, Kind};
use crate::model::model_version::Existing;
use crate::model::promotion::{Promotion, Status, Subject, to_wire_approvals};
use crate::moment::Moment;
use crate::sql::{model_versions, promotion_approvals, promotion_policies, promotions};
use crate::{Error, Result};

/// A promotion that somebody asks for now, not judged yet.
pub(super) fn begin(subject: &Subject, moment: &Moment) -> Promotion {
    Promotion {
        id: Some(moment.ids.hex32()),
        subject: subject.clone(),
        previous_version: None,
        status: Status::Pending,
        is_override: false,
        requested_by: moment.user.clone(),
        reason: None,
        created_ms: moment.now_ms,
        updated_ms: moment.now_ms,
        judgement: None,
        approvals: Vec::new(),
        has_lapsed: false,
    }
}

/// The entry of a promotion in the history, with all that was found.
pub(super) fn entry(kind: Kind, promotion: &Promotion, moment: &Moment) -> Entry {
    let subject = &promotion.subject;
    let judgement = promotion.judgement.as_ref();
    let gates = judgement.map(|judgement| judgement.gates.clone()).unwrap_or_default();
    Entry {
        from_version: promotion.previous_version,
        to_version: Some(subject.version),
        reason: promotion.reason.clone(),
        promotion_id: promotion.id.clone(),
        policy_version: judgement.map(|judgement| judgement.policy_version),
        gates: gates.into_iter().map(Into::into).collect(),
        approvals: to_wire_approvals(promotion),
        ..Entry::new(kind, &subject.name, &subject.target, moment.now_ms)
    }
}

/// Moves the alias or stage of a promotion that is to be done, and tells so. The row is the caller's to write.
pub(super) async fn complete(
    tx: &mut Tx,
    promotion: &mut Promotion,
    kind: Kind,
    existing: Existing,
    moment: &Moment,
) -> Result<()> {
    promotion.status = Status::Completed;
    promotion.updated_ms = moment.now_ms;
    let is_moot = |other: &Promotion| other.subject == promotion.subject && other.id != promotion.id;
    cancel_pending(tx, &promotion.subject.name, is_moot, "it was done otherwise", moment).await?;
    let entry = entry(kind, promotion, moment);
    let key = promotion.subject.version_key();
    let origin = model_versions::find_origin(tx, &key).await?.ok_or(Error::VersionNotFound(key))?;
    let wanted = Move { subject: promotion.subject.clone(), existing };
    moves::move_to(tx, &wanted, origin, entry, moment).await?;
    let action = match kind {
        Kind::RolledBack => PromotionAction::RolledBack,
        _ => PromotionAction::Completed,
    };
    tell(tx, action, promotion, moment).await
}

/// Tells those who want to hear of a step.
pub(super) async fn tell(
    tx: &mut Tx,
    action: PromotionAction,
    promotion: &Promotion,
    moment: &Moment,
) -> Result<()> {
    let message: wire::Promotion = promotion.clone().into();
    // A message of texts, numbers and truths is always JSON.
    let data = serde_json::to_value(message).unwrap_or_default();
    Ok(moment.record(tx, &Event::Promotion { action, data }).await?)
}

/// Cancels those promotions of a model that wait and are pointless by now.
pub(crate) async fn cancel_pending(
    tx: &mut Tx,
    name: &str,
    is_moot: impl Fn(&Promotion) -> bool,
    reason: &str,
    moment: &Moment,
) -> Result<()> {
    for promotion in promotions::list_pending(tx, name).await? {
        if !is_moot(&promotion) {
            continue;
        }
        let entry = Entry { reason: Some(reason.to_owned()), ..entry(Kind::Cancelled, &promotion, moment) };
        moves::note(tx, entry, moment).await?;
        let cancelled = Promotion { status: Status::Cancelled, updated_ms: moment.now_ms, ..promotion };
        promotions::update(tx, &cancelled).await?;
    }
    Ok(())
}

/// Notes of promotions that wait whether their policy changed since they were judged.
pub(super) async fn mark_lapsed(tx: &mut Tx, promotions: &mut [Promotion]) -> Result<()> {
    for promotion in promotions.iter_mut().filter(|promotion| promotion.status == Status::Pending) {
        let Subject { name, target, .. } = &promotion.subject;
        let version = promotion_policies::find(tx, name, target).await?.map(|(version, _)| version);
        let judged_by = promotion.judgement.as_ref().map(|judgement| judgement.policy_version);
        promotion.has_lapsed = version != judged_by;
    }
    Ok(())
}

/// Adds to promotions their approvals.
pub(super) async fn with_approvals(tx: &mut Tx, promotions: &mut [Promotion]) -> Result<()> {
    let ids: Vec<String> = promotions.iter().filter_map(|promotion| promotion.id.clone()).collect();
    for (id, approval) in promotion_approvals::list(tx, &ids).await? {
        if let Some(promotion) =
            promotions.iter_mut().find(|promotion| promotion.id.as_deref() == Some(id.as_str()))
        {
            promotion.approvals.push(approval);
        }
    }
    Ok(())
}
