//! Searching registered models: one SELECT for the page, then one for each kind of thing that belongs to a model.

use std::collections::HashMap;

use forebay_core::page;
use forebay_db::Tx;

use crate::model::registered_model::RegisteredModel;
use crate::model::registered_model_search::{RegisteredModelPage, SearchRegisteredModels};
use crate::model_versions::hydrate::with_tags;
use crate::sql::{model_versions, registered_model_aliases, registered_model_search, registered_model_tags};
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
        complete(&mut tx, &mut models).await?;
        Ok(RegisteredModelPage { models, next_offset })
    }
}

/// Adds tags, aliases and latest versions to models as their table holds them.
async fn complete(tx: &mut Tx, models: &mut [RegisteredModel]) -> Result<()> {
    let names: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
    let mut tags = by_model(registered_model_tags::list(tx, &names).await?);
    let mut aliases = by_model(registered_model_aliases::list(tx, &names).await?);
    let latest = model_versions::list_latest(tx, &names).await?;
    let latest = with_tags(tx, latest).await?;
    let mut latest =
        by_model(latest.into_iter().map(|version| (version.key.name.clone(), version)).collect());
    for model in models {
        model.tags = tags.remove(&model.name).unwrap_or_default();
        model.aliases = aliases.remove(&model.name).unwrap_or_default();
        model.latest_versions = latest.remove(&model.name).unwrap_or_default();
    }
    Ok(())
}

fn by_model<T>(rows: Vec<(String, T)>) -> HashMap<String, Vec<T>> {
    let mut grouped: HashMap<String, Vec<T>> = HashMap::new();
    for (name, row) in rows {
        grouped.entry(name).or_default().push(row);
    }
    grouped
}
