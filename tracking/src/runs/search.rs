//! Searching runs: one SELECT for the page, then one for each kind of thing that was logged on its runs.

use super::hydrate::hydrate;
use crate::model::page;
use crate::model::run_search::{RunPage, SearchRuns};
use crate::sql::run_search;
use crate::{Result, Tracking};

impl Tracking {
    /// One page of the runs that pass the filter.
    pub(crate) async fn search_runs(&self, search: SearchRuns) -> Result<RunPage> {
        if search.experiment_ids.is_empty() {
            return Ok(RunPage { runs: Vec::new(), next_offset: None });
        }
        let mut tx = self.db.read().await?;
        let mut infos = run_search::search(&mut tx, &search).await?;
        let next_offset = page::cut(&mut infos, search.max_results, search.offset);
        let mut runs = hydrate(&mut tx, infos).await?;
        // The original shows the models that a run read on the run's own page alone.
        for run in &mut runs {
            run.links.model_inputs.clear();
        }
        Ok(RunPage { runs, next_offset })
    }
}
