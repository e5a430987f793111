//! The schema: MLflow's fields, each with its resolver.
//!
//! A field that fails is null, with the reason in the answer's `errors`; the fields beside it are answered.

use async_graphql::{Context, EmptySubscription, Object, Schema, SimpleObject};
use forebay_web::error::ApiError;

use super::artifacts::{ListArtifacts, ListArtifactsResponse};
use super::backend::Backend;
use super::datasets::{SearchDatasets, SearchDatasetsResponse};
use super::directive::Component;
use super::experiment::{GetExperiment, GetExperimentResponse};
use super::metrics::{GetMetricHistoryBulkInterval, GetMetricHistoryBulkIntervalResponse};
use super::model_versions::{SearchModelVersions, SearchModelVersionsResponse};
use super::run::{GetRun, GetRunResponse, SearchRuns, SearchRunsResponse};

/// MLflow's schema over a backend.
pub(super) type MlflowSchema = Schema<Query, Mutation, EmptySubscription>;

pub(super) fn build(backend: Backend) -> MlflowSchema {
    Schema::build(Query(backend.clone()), Mutation(backend), EmptySubscription)
        .directive(Component)
        .disable_suggestions()
        .finish()
}

/// A field's answer, or why it is null.
type Answer<T> = Option<Result<T, ApiError>>;

pub(super) struct Query(Backend);

#[Object]
impl Query {
    async fn mlflow_get_experiment(&self, input: Option<GetExperiment>) -> Answer<GetExperimentResponse> {
        Some(self.0.get_experiment(input).await)
    }

    async fn mlflow_get_metric_history_bulk_interval(
        &self,
        input: Option<GetMetricHistoryBulkInterval>,
    ) -> Answer<GetMetricHistoryBulkIntervalResponse> {
        Some(self.0.sample_metric_history(input).await)
    }

    async fn mlflow_get_run(&self, ctx: &Context<'_>, input: Option<GetRun>) -> Answer<GetRunResponse> {
        Some(self.0.get_run(input, ctx.look_ahead()).await)
    }

    async fn mlflow_list_artifacts(&self, input: Option<ListArtifacts>) -> Answer<ListArtifactsResponse> {
        Some(self.0.list_artifacts(input).await)
    }

    async fn mlflow_search_model_versions(
        &self,
        input: Option<SearchModelVersions>,
    ) -> Answer<SearchModelVersionsResponse> {
        Some(self.0.search_model_versions(input).await)
    }

    /// Simple echoing field
    async fn test(&self, input_string: Option<String>) -> Option<Test> {
        Some(Test { output: input_string })
    }

    async fn mlflow_search_runs(
        &self,
        ctx: &Context<'_>,
        input: Option<SearchRuns>,
    ) -> Answer<SearchRunsResponse> {
        Some(self.0.search_runs(input, ctx.look_ahead()).await)
    }
}

/// Nothing changes here: MLflow counts searches whose arguments are long among the mutations.
pub(super) struct Mutation(Backend);

#[Object]
impl Mutation {
    async fn mlflow_search_datasets(&self, input: Option<SearchDatasets>) -> Answer<SearchDatasetsResponse> {
        Some(self.0.search_datasets(input).await)
    }

    async fn mlflow_search_runs(
        &self,
        ctx: &Context<'_>,
        input: Option<SearchRuns>,
    ) -> Answer<SearchRunsResponse> {
        Some(self.0.search_runs(input, ctx.look_ahead()).await)
    }

    /// Simple echoing field
    async fn test_mutation(&self, input_string: Option<String>) -> Option<TestMutation> {
        Some(TestMutation { output: input_string })
    }
}

#[derive(SimpleObject)]
struct Test {
    /// Echoes the input string
    output: Option<String>,
}

#[derive(SimpleObject)]
struct TestMutation {
    /// Echoes the input string
    output: Option<String>,
}
