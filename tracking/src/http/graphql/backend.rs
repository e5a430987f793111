//! What the fields of the schema do: each calls the use case that its REST twin calls.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use async_graphql::Lookahead;
use forebay_core::invalid::Invalid;
use forebay_core::page_token;
use forebay_web::error::ApiError;
use forebay_wire::datasets as wire_datasets;
use forebay_wire::metrics as wire_metrics;
use forebay_wire::model_versions::ModelVersion;
use forebay_wire::runs as wire_runs;

use super::artifacts::{ListArtifacts, ListArtifactsResponse};
use super::datasets::{SearchDatasets, SearchDatasetsResponse};
use super::experiment::{Experiment, GetExperiment, GetExperimentResponse};
use super::metrics::{GetMetricHistoryBulkInterval, GetMetricHistoryBulkIntervalResponse};
use super::model_versions::{ModelVersions, SearchModelVersions, SearchModelVersionsResponse};
use super::run::{GetRun, GetRunResponse, Run, SearchRuns, SearchRunsResponse};
use super::scalar::{list, text};
use crate::model::artifact::folder;
use crate::model::experiment::ExperimentId;
use crate::model::history::SampledHistory;
use crate::model::run as model;
use crate::model::run::RunId;
use crate::model::run_search;
use crate::{Error, Tracking};

/// Tracking, and what it is told of the registry.
#[derive(Clone)]
pub(super) struct Backend {
    pub(super) tracking: Tracking,
    pub(super) model_versions: Arc<dyn ModelVersions>,
}

type Result<T> = std::result::Result<T, ApiError>;

impl Backend {
    pub(super) async fn get_experiment(&self, input: Option<GetExperiment>) -> Result<GetExperimentResponse> {
        let id = ExperimentId::require(required(input)?.experiment_id)?;
        let experiment = self.experiment(id).await?;
        Ok(GetExperimentResponse { experiment: Some(experiment), api_error: None })
    }

    pub(super) async fn get_run(
        &self,
        input: Option<GetRun>,
        shown: Lookahead<'_>,
    ) -> Result<GetRunResponse> {
        let input = required(input)?;
        let run = self.tracking.get_run(RunId::parse(input.run_id, input.run_uuid)?).await?;
        let run = self.with_relations(vec![run], &shown.field("run")).await?.pop();
        Ok(GetRunResponse { run, api_error: None })
    }

    pub(super) async fn search_runs(
        &self,
        input: Option<SearchRuns>,
        shown: Lookahead<'_>,
    ) -> Result<SearchRunsResponse> {
        let req = wire_runs::SearchRuns::from(required(input)?);
        let page = self.tracking.search_runs(run_search::SearchRuns::try_from(req)?).await?;
        Ok(SearchRunsResponse {
            runs: Some(self.with_relations(page.runs, &shown.field("runs")).await?),
            next_page_token: text(page.next_offset.map(page_token::encode_offset)),
            api_error: None,
        })
    }

    pub(super) async fn sample_metric_history(
        &self,
        input: Option<GetMetricHistoryBulkInterval>,
    ) -> Result<GetMetricHistoryBulkIntervalResponse> {
        let req = wire_metrics::GetMetricHistoryBulkInterval::from(required(input)?);
        let sample = SampledHistory::try_from(req)?;
        let points = self.tracking.sample_metric_history(&sample).await?.into_iter();
        let metrics = points.map(|point| point.into_sampled(&sample.key).into()).collect();
        Ok(GetMetricHistoryBulkIntervalResponse { metrics })
    }

    pub(super) async fn list_artifacts(&self, input: Option<ListArtifacts>) -> Result<ListArtifactsResponse> {
        let input = required(input)?;
        let run = RunId::parse(input.run_id, input.run_uuid)?;
        let listing = self.tracking.list_run_artifacts(&run, folder(input.path)?).await?;
        Ok(forebay_wire::artifacts::ListArtifactsResponse::from(listing).into())
    }

    pub(super) async fn search_datasets(
        &self,
        input: Option<SearchDatasets>,
    ) -> Result<SearchDatasetsResponse> {
        let experiment_ids = required(input)?.experiment_ids.into_iter().flatten().flatten().collect();
        let req = wire_datasets::SearchDatasets { experiment_ids };
        let found = self.tracking.search_datasets(req.try_into()?).await?;
        let found: Vec<wire_datasets::DatasetSummary> = found.into_iter().map(Into::into).collect();
        Ok(SearchDatasetsResponse { dataset_summaries: list(found), api_error: None })
    }

    pub(super) async fn search_model_versions(
        &self,
        input: Option<SearchModelVersions>,
    ) -> Result<SearchModelVersionsResponse> {
        Ok(self.model_versions.search(required(input)?.into()).await?.into())
    }

    async fn experiment(&self, id: ExperimentId) -> Result<Experiment> {
        let experiment = self.tracking.get_experiment(id).await?;
        Ok(forebay_wire::experiments::Experiment::from(experiment).into())
    }

    /// The runs with their experiments and model versions, where `shown` selects those: each looked up once for all
    /// runs.
    async fn with_relations(&self, runs: Vec<model::Run>, shown: &Lookahead<'_>) -> Result<Vec<Run>> {
        let mut experiments: HashMap<ExperimentId, Arc<Experiment>> = HashMap::new();
        if shown.field("experiment").exists() {
            for id in runs.iter().map(|run| run.info.experiment_id) {
                if let Entry::Vacant(unknown) = experiments.entry(id) {
                    unknown.insert(Arc::new(self.experiment(id).await?));
                }
            }
        }
        let mut versions: HashMap<String, Vec<ModelVersion>> = HashMap::new();
        if shown.field("modelVersions").exists() {
            let ids = runs.iter().map(|run| run.info.id.to_string()).collect();
            for version in self.model_versions.list_of_runs(ids).await? {
                versions.entry(version.run_id.clone().unwrap_or_default()).or_default().push(version);
            }
        }
        let related = runs.into_iter().map(|run| {
            let experiment = experiments.get(&run.info.experiment_id).map(Arc::clone);
            let versions = versions.remove(run.info.id.as_str()).unwrap_or_default();
            Run::new(run.into(), experiment, versions)
        });
        Ok(related.collect())
    }
}

fn required<T>(input: Option<T>) -> std::result::Result<T, Error> {
    input.ok_or_else(|| Error::Invalid(Invalid::missing("input")))
}
