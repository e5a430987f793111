//! Getting one promotion.

use super::record::with_approvals;
use crate::model::promotion::Promotion;
use crate::sql::promotions;
use crate::{Error, Registry, Result};

impl Registry {
    /// The promotion with that id and its approvals.
    ///
    /// # Errors
    /// [`Error::PromotionNotFound`].
    pub(crate) async fn get_promotion(&self, id: &str) -> Result<Promotion> {
        let mut tx = self.db.read().await?;
        let promotion = promotions::find(&mut tx, id).await?;
        let mut promotion = promotion.ok_or_else(|| Error::PromotionNotFound(id.to_owned()))?;
        with_approvals(&mut tx, std::slice::from_mut(&mut promotion)).await?;
        Ok(promotion)
    }
}
