//! Reading one logged model.

use super::hydrate::hydrate;
use crate::model::lifecycle::Lifecycle;
use crate::model::logged_model::{Deleted, LoggedModel, LoggedModelId};
use crate::sql::logged_models;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// The model with that id, with all that was logged on it.
    pub(crate) async fn get_logged_model(&self, id: LoggedModelId, deleted: Deleted) -> Result<LoggedModel> {
        let mut tx = self.db.read().await?;
        let found = logged_models::find(&mut tx, &id).await?;
        let shown = found.filter(|model| deleted == Deleted::Shown || model.lifecycle == Lifecycle::Active);
        let model = hydrate(&mut tx, shown.into_iter().collect()).await?.pop();
        model.ok_or(Error::LoggedModelNotFound(id))
    }
}
