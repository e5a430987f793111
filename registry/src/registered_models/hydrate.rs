//! From the rows of registered models to whole models.

use std::collections::HashMap;

use forebay_db::Tx;

use crate::model::registered_model::RegisteredModel;
use crate::model_versions::hydrate::with_tags;
use crate::sql::{model_versions, registered_model_aliases, registered_model_tags, registered_models};
use crate::{Error, Result};

/// The model with that name and all that belongs to it.
pub(crate) async fn get(tx: &mut Tx, name: &str) -> Result<RegisteredModel> {
    let model = registered_models::find(tx, name).await?;
    let mut model = model.ok_or_else(|| Error::ModelNotFound(name.to_owned()))?;
    complete(tx, std::slice::from_mut(&mut model)).await?;
    Ok(model)
}

/// Adds tags, aliases and latest versions to models as their table holds them.
pub(crate) async fn complete(tx: &mut Tx, models: &mut [RegisteredModel]) -> Result<()> {
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
