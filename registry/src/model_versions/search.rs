//! Searching model versions: one SELECT for the page.

use forebay_core::page;
use forebay_wire::model_versions as wire;

use crate::model::model_version_search::{ModelVersionPage, SearchModelVersions};
use crate::sql::model_version_search;
use crate::{Registry, Result};

/// Runs that one statement asks about.
const RUNS_PER_STATEMENT: usize = 1_000;

impl Registry {
    /// One page of the versions that pass the filter.
    pub async fn search_model_versions(
        &self,
        req: wire::SearchModelVersions,
    ) -> Result<wire::SearchModelVersionsResponse> {
        Ok(self.page_of_versions(req.try_into()?).await?.into())
    }

    /// The versions that these runs made, for each run the last updated one first.
    pub async fn list_versions_of_runs(&self, run_ids: &[String]) -> Result<Vec<wire::ModelVersion>> {
        let mut found = Vec::new();
        for run_ids in run_ids.chunks(RUNS_PER_STATEMENT) {
            let page = self.page_of_versions(SearchModelVersions::of_runs(run_ids.to_vec())).await?;
            found.extend(page.versions.into_iter().map(Into::into));
        }
        Ok(found)
    }

    async fn page_of_versions(&self, search: SearchModelVersions) -> Result<ModelVersionPage> {
        // The search asks once; what it asks before is only how to go about it.
        let mut tx = self.db.read_once().await?;
        let mut versions = model_version_search::search(&mut tx, &self.tag_counts, &search).await?;
        let next_offset = page::cut(&mut versions, search.max_results, search.offset);
        Ok(ModelVersionPage { versions, next_offset })
    }
}
