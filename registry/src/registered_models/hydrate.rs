//! From the rows of registered models to whole models.

use std::collections::HashMap;

use forebay_db::Tx;

use crate::model::model_version::ModelVersion;
use crate::model::registered_model::RegisteredModel;
use crate::sql::model_versions::{self, Aliases};
use crate::sql::registered_models;
use crate::{Error, Result};

/// The model with that name and all that belongs to it.
pub(crate) async fn get(tx: &mut Tx, name: &str) -> Result<RegisteredModel> {
    let model = registered_models::find(tx, name).await?;
    let mut model = model.ok_or_else(|| Error::ModelNotFound(name.to_owned()))?;
    add_latest(tx, std::slice::from_mut(&mut model)).await?;
    Ok(model)
}

/// Adds to models their latest versions.
pub(crate) async fn add_latest(tx: &mut Tx, models: &mut [RegisteredModel]) -> Result<()> {
    let names: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
    let mut latest: HashMap<String, Vec<ModelVersion>> = HashMap::new();
    for version in model_versions::list_latest(tx, &names, Aliases::Omitted).await? {
        latest.entry(version.key.name.clone()).or_default().push(version);
    }
    for model in models {
        model.latest_versions = latest.remove(&model.name).unwrap_or_default();
    }
    Ok(())
}
