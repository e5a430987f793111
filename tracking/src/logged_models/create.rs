//! Creating a logged model.

use std::collections::BTreeMap;

use forebay_db::Tx;
use forebay_wire::enumeration::LoggedModelStatus;

use super::params::insert_params;
use crate::model::lifecycle::Lifecycle;
use crate::model::location;
use crate::model::logged_model::{LoggedModel, LoggedModelId, NewLoggedModel};
use crate::sql::{logged_model_tags, logged_models, runs};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Creates a pending model in an active experiment.
    ///
    /// # Errors
    /// [`Error::ExperimentNotFound`], [`Error::ExperimentNotActive`], and for a key given twice
    /// [`Error::ModelParamExists`] or [`Error::Repeated`].
    pub(crate) async fn create_logged_model(&self, new: NewLoggedModel) -> Result<LoggedModel> {
        let name = new.name.unwrap_or_else(|| self.ids.run_name());
        let now_ms = self.clock.now_ms();
        let model = LoggedModel {
            id: LoggedModelId::new(self.ids.model_id()),
            experiment_id: new.experiment_id,
            name,
            artifact_location: String::new(),
            created_ms: now_ms,
            updated_ms: now_ms,
            status: LoggedModelStatus::Pending,
            status_message: None,
            lifecycle: Lifecycle::Active,
            model_type: Some(new.model_type),
            source_run_id: Some(new.source_run_id),
            params: new.params,
            tags: new.tags,
            metrics: Vec::new(),
        };
        self.db.write(model, |tx, model| Box::pin(create(tx, model))).await
    }
}

async fn create(tx: &mut Tx, model: &LoggedModel) -> Result<LoggedModel> {
    let id = model.experiment_id;
    let home = runs::list_homes(tx, &[id]).await?.pop().ok_or(Error::ExperimentNotFound(id))?;
    if home.lifecycle != Lifecycle::Active {
        return Err(Error::ExperimentNotActive(id));
    }
    let location = home.artifact_location.unwrap_or_default();
    let artifact_location = location::join(&location, &format!("models/{}/artifacts", model.id));
    let model = LoggedModel { artifact_location, ..model.clone() };
    logged_models::insert(tx, &model).await?;
    insert_params(tx, &model.id, id, &model.params).await?;
    let mut tags = BTreeMap::new();
    for tag in &model.tags {
        if tags.insert(tag.key.as_str(), tag.value.as_str()).is_some() {
            return Err(Error::Repeated { field: "tags", key: tag.key.clone() });
        }
    }
    logged_model_tags::upsert(tx, &model.id, id, &tags.into_iter().collect::<Vec<_>>()).await?;
    Ok(model)
}
