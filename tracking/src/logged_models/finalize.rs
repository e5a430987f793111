//! Setting the status of a logged model, deleted ones too.

use forebay_db::Tx;

use super::hydrate::hydrate;
use crate::model::logged_model::{FinalizeLoggedModel, LoggedModel};
use crate::sql::logged_models;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Sets the status and returns the model as it is then.
    pub(crate) async fn finalize_logged_model(&self, req: FinalizeLoggedModel) -> Result<LoggedModel> {
        let input = (req, self.clock.now_ms());
        self.db.write(input, |tx, (req, now_ms)| Box::pin(finalize(tx, req, *now_ms))).await
    }
}

async fn finalize(tx: &mut Tx, req: &FinalizeLoggedModel, now_ms: i64) -> Result<LoggedModel> {
    logged_models::set_status(tx, &req.id, req.status, now_ms).await?;
    let found = logged_models::find(tx, &req.id).await?;
    let model = hydrate(tx, found.into_iter().collect()).await?.pop();
    model.ok_or_else(|| Error::LoggedModelNotFound(req.id.clone()))
}
