//! Getting one promotion.

use super::judge::{Judged, judge};
use super::record::with_approvals;
use crate::model::promotion::{Promotion, Status};
use crate::sql::promotions;
use crate::{Error, Registry, Result};

impl Registry {
    /// The promotion with that id and its approvals. Of one that waits it is told whether they still count.
    ///
    /// # Errors
    /// [`Error::PromotionNotFound`].
    pub(crate) async fn get_promotion(&self, id: &str) -> Result<Promotion> {
        let promotion = self.find_promotion(id).await?;
        match promotion.status {
            Status::Pending => self.judged_anew(promotion).await,
            Status::Completed | Status::Refused | Status::Rejected | Status::Cancelled => Ok(promotion),
        }
    }

    /// The promotion as it is kept.
    pub(super) async fn find_promotion(&self, id: &str) -> Result<Promotion> {
        let mut tx = self.db.read().await?;
        let promotion = promotions::find(&mut tx, id).await?;
        let mut promotion = promotion.ok_or_else(|| Error::PromotionNotFound(id.to_owned()))?;
        with_approvals(&mut tx, std::slice::from_mut(&mut promotion)).await?;
        Ok(promotion)
    }

    async fn judged_anew(&self, promotion: Promotion) -> Result<Promotion> {
        let survey = self.survey(&promotion.subject).await?;
        let mut tx = self.db.read().await?;
        let judged = judge(&mut tx, &promotion.subject, &survey, &*self.around.lineage).await?;
        let present = match judged {
            Judged::Case(case) => case.judgement,
            Judged::Stale => None,
        };
        let has_lapsed = present != promotion.judgement;
        Ok(Promotion { has_lapsed, ..promotion })
    }
}
