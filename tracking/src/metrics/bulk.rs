//! The histories of one metric in several runs, for the web UI.

use crate::model::history::{BulkHistory, RunPoint};
use crate::sql::metrics;
use crate::{Result, Tracking};

impl Tracking {
    /// The first points by run, time, step and value.
    pub(crate) async fn get_metric_history_bulk(&self, bulk: &BulkHistory) -> Result<Vec<RunPoint>> {
        let mut tx = self.db.read().await?;
        Ok(metrics::list_bulk(&mut tx, bulk).await?)
    }
}
