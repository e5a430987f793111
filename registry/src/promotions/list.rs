//! Listing promotions.

use forebay_core::{page, page_token};
use forebay_wire::promotions as wire;

use super::record::{mark_lapsed, with_approvals};
use crate::model::promotion_requests::ListPromotions;
use crate::sql::promotions;
use crate::{Registry, Result};

impl Registry {
    /// One page of promotions, the latest first.
    pub(crate) async fn list_promotions(&self, req: ListPromotions) -> Result<wire::ListPromotionsResponse> {
        let mut tx = self.db.read().await?;
        let mut found = promotions::list(&mut tx, &req).await?;
        let next_offset = page::cut(&mut found, req.max_results, req.offset);
        with_approvals(&mut tx, &mut found).await?;
        mark_lapsed(&mut tx, &mut found).await?;
        Ok(wire::ListPromotionsResponse {
            promotions: found.into_iter().map(Into::into).collect(),
            next_page_token: next_offset.map(page_token::encode_offset),
        })
    }
}
