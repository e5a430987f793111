//! Approving a promotion. The gates are looked at anew, and the last approval that is needed moves the alias.

use forebay_db::Tx;

use super::decide::{Decision, check_waits, other_user, pending};
use super::judge::{Judged, judge};
use super::moves;
use super::record::{complete, entry, tell, with_approvals};
use super::survey::Asked;
use crate::error::Refusal;
use crate::model::event::PromotionAction;
use crate::model::history::{Entry, Kind};
use crate::model::model_version::Existing;
use crate::model::promotion::{Approval, Judgement, Promotion};
use crate::moment::Moment;
use crate::sql::{promotion_approvals, promotions};
use crate::{Error, Registry, Result};

impl Registry {
    /// Approves a promotion.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::OwnPromotion`] for whoever asked for it, [`Error::PromotionRefused`] when a gate
    /// fails by now, [`Error::PromotionChanged`] when it is judged by other values than its approver could see, and those of
    /// a promotion that does not wait.
    pub(crate) async fn approve_promotion(
        &self,
        promotion_id: String,
        comment: Option<String>,
        moment: Moment,
    ) -> Result<Promotion> {
        let promotion = self.find_promotion(&promotion_id).await?;
        check_waits(&promotion, &promotion_id)?;
        let decision = Decision { promotion_id, comment };
        let approved = self.surveyed(&promotion.subject, |survey| {
            let asked = self.asked(&decision, survey, &moment);
            self.db.write_snapshot(asked, |tx, asked| Box::pin(approve(tx, asked)))
        });
        approved.await?
    }
}

/// Takes a consent to what the promotion showed until now. Where that is not what counts any more, the promotion shows
/// what does, and nobody has consented. None when the survey has to be made again.
async fn approve(tx: &mut Tx, asked: &Asked<Decision>) -> Result<Option<Result<Promotion>>> {
    let Asked { req: decision, survey, lineage, moment } = asked;
    let mut promotion = pending(tx, &decision.promotion_id).await?;
    let user = other_user(&promotion, moment, "to approve a promotion")?;
    let Judged::Case(case) = judge(tx, &promotion.subject, survey, &**lineage).await? else {
        return Ok(None);
    };
    promotion.previous_version = case.holder.as_ref().and_then(|holder| holder.present);
    promotion.updated_ms = moment.now_ms;
    let seen = std::mem::replace(&mut promotion.judgement, case.judgement);
    if !promotion.judgement.as_ref().is_none_or(Judgement::passed) {
        moves::note(tx, entry(Kind::Refused, &promotion, moment), moment).await?;
        promotions::update(tx, &promotion).await?;
        return Ok(Some(Err(Error::PromotionRefused(Refusal::of(&promotion)))));
    }
    if !binds_alike(seen.as_ref(), promotion.judgement.as_ref()) {
        promotions::update(tx, &promotion).await?;
        return Ok(Some(Err(Error::PromotionChanged(decision.promotion_id.clone()))));
    }
    if let Some(judgement) = &promotion.judgement {
        let approval = Approval {
            user,
            policy_version: judgement.policy_version,
            evidence_hash: judgement.evidence_hash.clone(),
            comment: decision.comment.clone(),
            created_ms: moment.now_ms,
        };
        if promotion_approvals::insert(tx, &decision.promotion_id, &approval).await? == 0 {
            // Whoever approves twice has approved once.
            return Ok(Some(Ok(promotion)));
        }
    }
    promotion.approvals.clear();
    with_approvals(tx, std::slice::from_mut(&mut promotion)).await?;
    let entry = Entry { reason: decision.comment.clone(), ..entry(Kind::Approved, &promotion, moment) };
    moves::note(tx, entry, moment).await?;
    tell(tx, PromotionAction::Approved, &promotion, moment).await?;
    if promotion.missing_approvals() == 0 {
        complete(tx, &mut promotion, Kind::Promoted, Existing::Archive, moment).await?;
    }
    promotions::update(tx, &promotion).await?;
    Ok(Some(Ok(promotion)))
}

/// Whether a consent to one is a consent to the other.
fn binds_alike(a: Option<&Judgement>, b: Option<&Judgement>) -> bool {
    let bound_to = |judgement: &Judgement| (judgement.policy_version, judgement.evidence_hash.clone());
    a.map(bound_to) == b.map(bound_to)
}
