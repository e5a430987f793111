//! The history of a model, also of one that is gone.

use forebay_core::page;

use crate::model::history::HistoryPage;
use crate::model::promotion_requests::GetHistory;
use crate::sql::promotion_history;
use crate::{Registry, Result};

impl Registry {
    /// One page of what happened to the aliases and stages of a model, the latest first.
    pub(crate) async fn get_history(&self, req: GetHistory) -> Result<HistoryPage> {
        let mut entries = promotion_history::list(&mut self.db.read().await?, &req).await?;
        let next_offset = page::cut(&mut entries, req.max_results, req.offset);
        Ok(HistoryPage { entries, next_offset })
    }
}
