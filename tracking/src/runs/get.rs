//! Reading one run.

use crate::model::run::{Run, RunId};
use crate::runs::hydrate::hydrate;
use crate::sql::runs;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// The run with that id, active or deleted, with all that was logged on it.
    pub(crate) async fn get_run(&self, id: RunId) -> Result<Run> {
        let mut tx = self.db.read().await?;
        let found: Vec<_> = runs::find(&mut tx, &id).await?.into_iter().collect();
        let run = hydrate(&mut tx, found).await?.pop();
        run.ok_or(Error::RunNotFound(id))
    }
}
