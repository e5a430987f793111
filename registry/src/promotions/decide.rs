//! What approving, rejecting and taking back have in common: a promotion that waits.

use forebay_db::Tx;

use super::record::with_approvals;
use crate::model::promotion::{Promotion, Status};
use crate::moment::Moment;
use crate::sql::{promotion_policies, promotions};
use crate::{Error, Result};

/// A decision about a promotion that waits.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    pub(super) promotion_id: String,
    pub(super) comment: Option<String>,
}

/// The promotion that a decision is about, and nobody else decides before this transaction ends.
///
/// # Errors
/// [`Error::PromotionNotFound`], and [`Error::PromotionNotPending`] when it waits no longer.
pub(super) async fn pending(tx: &mut Tx, id: &str) -> Result<Promotion> {
    promotion_policies::lock(tx).await?;
    let promotion = promotions::find(tx, id).await?;
    let mut promotion = promotion.ok_or_else(|| Error::PromotionNotFound(id.to_owned()))?;
    check_waits(&promotion, id)?;
    with_approvals(tx, std::slice::from_mut(&mut promotion)).await?;
    Ok(promotion)
}

/// Refuses a promotion that waits no longer.
///
/// # Errors
/// [`Error::PromotionNotPending`].
pub(super) fn check_waits(promotion: &Promotion, id: &str) -> Result<()> {
    match promotion.status {
        Status::Pending => Ok(()),
        status => Err(Error::PromotionNotPending { id: id.to_owned(), status: status.as_str() }),
    }
}

/// The user who decides, and who is not the one who asked.
///
/// # Errors
/// [`Error::UnknownUser`] and [`Error::OwnPromotion`].
pub(super) fn other_user(promotion: &Promotion, moment: &Moment, what: &'static str) -> Result<String> {
    let user = moment.user.clone().ok_or(Error::UnknownUser(what))?;
    if promotion.requested_by.as_ref() == Some(&user) {
        return Err(Error::OwnPromotion(user));
    }
    Ok(user)
}
