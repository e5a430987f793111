//! Asking for a promotion: judged at once, and done at once where nobody has to approve.

use forebay_db::Tx;

use super::judge::{Case, Judged, judge};
use super::moves;
use super::record::{begin, complete, entry, tell, with_approvals};
use super::survey::Asked;
use crate::model::event::PromotionAction;
use crate::model::history::Kind;
use crate::model::model_version::Existing;
use crate::model::promotion::{Promotion, Status};
use crate::model::promotion_requests::{Mode, RequestPromotion};
use crate::moment::Moment;
use crate::sql::{promotion_policies, promotions};
use crate::{Error, Registry, Result};

impl Registry {
    /// Judges a promotion; moves the alias or stage if all gates pass, and waits for approvals if the policy wants some.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`], and [`Error::UnknownUser`] where approvals are needed and nobody knows who asks.
    pub(crate) async fn request_promotion(&self, req: RequestPromotion, moment: Moment) -> Result<Promotion> {
        self.surveyed(&req.subject, |survey| async {
            let asked = self.asked(&req, survey, &moment);
            match req.mode {
                Mode::DryRun => try_out(&mut self.db.read().await?, &asked).await,
                Mode::Promote | Mode::Override => {
                    self.db.write_snapshot(asked, |tx, asked| Box::pin(attempt(tx, asked))).await
                }
            }
        })
        .await
    }
}

/// What would become of a promotion; none when the survey has to be made again.
async fn try_out(tx: &mut Tx, asked: &Asked<RequestPromotion>) -> Result<Option<Promotion>> {
    let Judged::Case(case) = judge(tx, &asked.req.subject, &asked.survey, &*asked.lineage).await? else {
        return Ok(None);
    };
    let mut promotion = promotion(asked, &case);
    promotion.id = None;
    promotion.status = verdict(&promotion);
    if stands_already(&promotion) {
        promotion.status = Status::Completed;
    }
    Ok(Some(promotion))
}

/// Judges and acts; none when the survey has to be made again.
async fn attempt(tx: &mut Tx, asked: &Asked<RequestPromotion>) -> Result<Option<Promotion>> {
    let Asked { req, moment, .. } = asked;
    promotion_policies::lock(tx).await?;
    let Judged::Case(case) = judge(tx, &req.subject, &asked.survey, &*asked.lineage).await? else {
        return Ok(None);
    };
    let mut promotion = promotion(asked, &case);
    if stands_already(&promotion) {
        return Ok(Some(Promotion { id: None, status: Status::Completed, ..promotion }));
    }
    match (req.mode, verdict(&promotion)) {
        (Mode::Override, _) if moment.user.is_none() && promotion.required_approvals() > 0 => {
            return Err(Error::UnknownUser("to pass over a policy that asks for approvals"));
        }
        (Mode::Override, _) => {
            complete(tx, &mut promotion, Kind::Overridden, Existing::Archive, moment).await?;
        }
        (_, Status::Completed) => {
            complete(tx, &mut promotion, Kind::Promoted, Existing::Archive, moment).await?;
        }
        (_, Status::Pending) => return wait(tx, promotion, moment).await.map(Some),
        (_, status) => {
            promotion.status = status;
            moves::note(tx, entry(Kind::Refused, &promotion, moment), moment).await?;
        }
    }
    promotions::insert(tx, &promotion).await?;
    Ok(Some(promotion))
}

/// Keeps a promotion until it is approved. One that waits for the same move is kept in its place.
async fn wait(tx: &mut Tx, mut promotion: Promotion, moment: &Moment) -> Result<Promotion> {
    if moment.user.is_none() {
        return Err(Error::UnknownUser("to ask for a promotion that others have to approve"));
    }
    let pending = promotions::list_pending(tx, &promotion.subject.name).await?;
    if let Some(earlier) = pending.into_iter().find(|earlier| earlier.subject == promotion.subject) {
        let mut earlier = Promotion {
            judgement: promotion.judgement,
            previous_version: promotion.previous_version,
            updated_ms: moment.now_ms,
            ..earlier
        };
        promotions::update(tx, &earlier).await?;
        with_approvals(tx, std::slice::from_mut(&mut earlier)).await?;
        return Ok(earlier);
    }
    promotion.status = Status::Pending;
    promotions::insert(tx, &promotion).await?;
    moves::note(tx, entry(Kind::Requested, &promotion, moment), moment).await?;
    tell(tx, PromotionAction::Requested, &promotion, moment).await?;
    Ok(promotion)
}

/// Whether nothing is to be done: the target stands for the version.
fn stands_already(promotion: &Promotion) -> bool {
    promotion.previous_version == Some(promotion.subject.version)
}

/// What the gates make of a promotion that nobody has approved yet.
fn verdict(promotion: &Promotion) -> Status {
    match &promotion.judgement {
        Some(judgement) if !judgement.passed() => Status::Refused,
        Some(_) if promotion.missing_approvals() > 0 => Status::Pending,
        Some(_) | None => Status::Completed,
    }
}

fn promotion(asked: &Asked<RequestPromotion>, case: &Case) -> Promotion {
    let Asked { req, moment, .. } = asked;
    Promotion {
        previous_version: case.holder.as_ref().and_then(|holder| holder.present),
        is_override: req.mode == Mode::Override,
        reason: req.reason.clone(),
        judgement: case.judgement.clone(),
        ..begin(&req.subject, moment)
    }
}
