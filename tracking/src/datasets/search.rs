//! Listing the datasets of experiments for the web UI.

use crate::model::dataset::{DatasetSummary, SearchDatasets};
use crate::sql::datasets;
use crate::{Result, Tracking};

impl Tracking {
    /// The distinct datasets that runs of the experiments read, at most 1,000.
    pub(crate) async fn search_datasets(&self, search: SearchDatasets) -> Result<Vec<DatasetSummary>> {
        let mut tx = self.db.read().await?;
        Ok(datasets::list_summaries(&mut tx, &search.experiment_ids).await?)
    }
}
