//! Marking a logged model deleted.

use crate::model::lifecycle::Lifecycle;
use crate::model::logged_model::LoggedModelId;
use crate::sql::logged_models;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Marks the model deleted, also when it is so already; its rows and files stay.
    pub(crate) async fn delete_logged_model(&self, id: LoggedModelId) -> Result<()> {
        let input = (id, self.clock.now_ms());
        self.db
            .write(input, |tx, (id, now_ms)| {
                Box::pin(async move {
                    match logged_models::set_lifecycle(tx, id, Lifecycle::Deleted, *now_ms).await? {
                        0 => Err(Error::LoggedModelNotFound(id.clone())),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }
}
