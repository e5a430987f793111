//! Searching logged models: one SELECT for the page, then one for each kind of thing logged on its models.

use forebay_core::page;

use super::hydrate::hydrate;
use crate::model::logged_model_search::{LoggedModelPage, SearchLoggedModels};
use crate::sql::logged_model_search;
use crate::{Result, Tracking};

impl Tracking {
    /// One page of the models that pass the filter and are not deleted.
    pub(crate) async fn search_logged_models(&self, search: SearchLoggedModels) -> Result<LoggedModelPage> {
        if search.experiment_ids.is_empty() {
            return Ok(LoggedModelPage { models: Vec::new(), next_token: None });
        }
        let mut tx = self.db.read().await?;
        let mut models = logged_model_search::search(&mut tx, &search).await?;
        let next_offset = page::cut(&mut models, search.max_results, search.offset);
        let models = hydrate(&mut tx, models).await?;
        Ok(LoggedModelPage { models, next_token: next_offset.map(|offset| search.query.token(offset)) })
    }
}
