//! Saying no to a promotion.

use forebay_db::Tx;

use super::decide::{Decision, other_user, pending};
use super::moves;
use super::record::{entry, tell};
use crate::model::event::PromotionAction;
use crate::model::history::{Entry, Kind};
use crate::model::promotion::{Promotion, Status};
use crate::moment::Moment;
use crate::sql::promotions;
use crate::{Registry, Result};

impl Registry {
    /// Rejects a promotion that waits; whoever asked for it takes it back instead.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::OwnPromotion`], and those of a promotion that does not wait.
    pub(crate) async fn reject_promotion(
        &self,
        promotion_id: String,
        comment: Option<String>,
        moment: Moment,
    ) -> Result<Promotion> {
        let input = (Decision { promotion_id, comment }, moment);
        self.db.write_snapshot(input, |tx, (decision, moment)| Box::pin(reject(tx, decision, moment))).await
    }
}

async fn reject(tx: &mut Tx, decision: &Decision, moment: &Moment) -> Result<Promotion> {
    let mut promotion = pending(tx, &decision.promotion_id).await?;
    other_user(&promotion, moment, "to reject a promotion")?;
    promotion.status = Status::Rejected;
    promotion.updated_ms = moment.now_ms;
    promotions::update(tx, &promotion).await?;
    let entry = Entry { reason: decision.comment.clone(), ..entry(Kind::Rejected, &promotion, moment) };
    moves::note(tx, entry, moment).await?;
    tell(tx, PromotionAction::Rejected, &promotion, moment).await?;
    Ok(promotion)
}
