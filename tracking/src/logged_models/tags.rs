//! Setting and deleting tags of a logged model, deleted ones too.

use forebay_db::Tx;

use crate::model::experiment::ExperimentId;
use crate::model::logged_model::{LoggedModelId, SetModelTags};
use crate::sql::{logged_model_tags, logged_models};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Sets tags, replacing their values.
    pub(crate) async fn set_model_tags(&self, req: SetModelTags) -> Result<()> {
        self.db.write(req, |tx, req| Box::pin(set(tx, req))).await
    }

    /// Deletes a tag.
    ///
    /// # Errors
    /// [`Error::ModelTagNotFound`] when there is no such tag.
    pub(crate) async fn delete_model_tag(&self, id: LoggedModelId, key: String) -> Result<()> {
        self.db.write((id, key), |tx, (id, key)| Box::pin(delete(tx, id, key))).await
    }
}

async fn set(tx: &mut Tx, req: &SetModelTags) -> Result<()> {
    let experiment_id = find_experiment(tx, &req.id).await?;
    let tags: Vec<_> = req.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Ok(logged_model_tags::upsert(tx, &req.id, experiment_id, &tags).await?)
}

async fn delete(tx: &mut Tx, id: &LoggedModelId, key: &str) -> Result<()> {
    find_experiment(tx, id).await?;
    match logged_model_tags::delete(tx, id, key).await? {
        0 => Err(Error::ModelTagNotFound { key: key.to_owned(), id: id.clone() }),
        _ => Ok(()),
    }
}

async fn find_experiment(tx: &mut Tx, id: &LoggedModelId) -> Result<ExperimentId> {
    logged_models::find_experiment(tx, id).await?.ok_or_else(|| Error::LoggedModelNotFound(id.clone()))
}
