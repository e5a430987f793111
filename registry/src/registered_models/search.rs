//! Searching registered models: one SELECT for the page, then one for the latest versions.

use forebay_core::page;

use super::hydrate::add_latest;
use crate::model::registered_model_search::{RegisteredModelPage, SearchRegisteredModels};
use crate::sql::registered_model_search;
use crate::{Registry, Result};

impl Registry {
    /// One page of the registered models that pass the filter.
    pub(crate) async fn search_registered_models(
        &self,
        search: SearchRegisteredModels,
    ) -> Result<RegisteredModelPage> {
        let mut tx = self.db.read().await?;
        let mut models = registered_model_search::search(&mut tx, &search).await?;
        let next_offset = page::cut(&mut models, search.max_results, search.offset);
        add_latest(&mut tx, &mut models).await?;
        Ok(RegisteredModelPage { models, next_offset })
    }
}
