//! From the rows of logged models to whole models: one statement per table for all of them.

use std::collections::HashMap;

use forebay_db::{Error, Tx};

use crate::model::logged_model::{LoggedModel, LoggedModelId};
use crate::sql::{logged_model_metrics, logged_model_params, logged_model_tags};

/// Adds to each model what was logged on it; the order stays.
pub(super) async fn hydrate(tx: &mut Tx, models: Vec<LoggedModel>) -> Result<Vec<LoggedModel>, Error> {
    let ids: Vec<&LoggedModelId> = models.iter().map(|model| &model.id).collect();
    let mut params = by_model(logged_model_params::list(tx, &ids).await?);
    let mut tags = by_model(logged_model_tags::list(tx, &ids).await?);
    let mut metrics = by_model(logged_model_metrics::list_of_models(tx, &ids).await?);
    let models = models.into_iter().map(|model| LoggedModel {
        params: params.remove(&model.id).unwrap_or_default(),
        tags: tags.remove(&model.id).unwrap_or_default(),
        metrics: metrics.remove(&model.id).unwrap_or_default(),
        ..model
    });
    Ok(models.collect())
}

fn by_model<T>(rows: Vec<(LoggedModelId, T)>) -> HashMap<LoggedModelId, Vec<T>> {
    let mut grouped: HashMap<LoggedModelId, Vec<T>> = HashMap::new();
    for (id, row) in rows {
        grouped.entry(id).or_default().push(row);
    }
    grouped
}
