//! Taking a promotion back.

use forebay_db::Tx;

use super::decide::{Decision, pending};
use super::moves;
use super::record::entry;
use crate::model::history::{Entry, Kind};
use crate::model::promotion::{Promotion, Status};
use crate::moment::Moment;
use crate::sql::promotions;
use crate::{Error, Registry, Result};

impl Registry {
    /// Takes back a promotion that waits; only whoever asked for it can.
    ///
    /// # Errors
    /// [`Error::NotOwnPromotion`], and those of a promotion that does not wait.
    pub(crate) async fn cancel_promotion(
        &self,
        promotion_id: String,
        comment: Option<String>,
        moment: Moment,
    ) -> Result<Promotion> {
        let input = (Decision { promotion_id, comment }, moment);
        self.db.write_snapshot(input, |tx, (decision, moment)| Box::pin(cancel(tx, decision, moment))).await
    }
}

async fn cancel(tx: &mut Tx, decision: &Decision, moment: &Moment) -> Result<Promotion> {
    let mut promotion = pending(tx, &decision.promotion_id).await?;
    if promotion.requested_by != moment.user {
        return Err(Error::NotOwnPromotion(promotion.requested_by.unwrap_or_default()));
    }
    promotion.status = Status::Cancelled;
    promotion.updated_ms = moment.now_ms;
    promotions::update(tx, &promotion).await?;
    let entry = Entry { reason: decision.comment.clone(), ..entry(Kind::Cancelled, &promotion, moment) };
    moves::note(tx, entry, moment).await?;
    Ok(promotion)
}
