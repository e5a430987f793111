//! Runs in GraphQL.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject, Value};
use forebay_wire::enumeration;
use forebay_wire::model_versions as versions;
use forebay_wire::runs as wire;

use super::datasets::{RunInputs, RunOutputs};
use super::experiment::Experiment;
use super::fault::Fault;
use super::metrics::Metric;
use super::model_versions::ModelVersion;
use super::rows::{Row, Rows};
use super::scalar::{LongString, list, long, text};

#[derive(InputObject)]
#[graphql(name = "MlflowGetRunInput")]
pub(super) struct GetRun {
    pub(super) run_id: Option<String>,
    pub(super) run_uuid: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowGetRunResponse")]
pub(super) struct GetRunResponse {
    pub(super) run: Option<Run>,
    pub(super) api_error: Option<Fault>,
}

#[derive(InputObject)]
#[graphql(name = "MlflowSearchRunsInput")]
pub(super) struct SearchRuns {
    experiment_ids: Option<Vec<Option<String>>>,
    filter: Option<String>,
    run_view_type: Option<ViewType>,
    max_results: Option<i32>,
    order_by: Option<Vec<Option<String>>>,
    page_token: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowSearchRunsResponse")]
pub(super) struct SearchRunsResponse {
    pub(super) runs: Option<Vec<Run>>,
    pub(super) next_page_token: Option<String>,
    pub(super) api_error: Option<Fault>,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "MlflowViewType", remote = "enumeration::ViewType")]
enum ViewType {
    ActiveOnly,
    DeletedOnly,
    All,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "MlflowRunStatus", remote = "enumeration::RunStatus")]
enum RunStatus {
    Running,
    Scheduled,
    Finished,
    Failed,
    Killed,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowRunExtension")]
pub(super) struct Run {
    info: Option<RunInfo>,
    data: Option<RunData>,
    inputs: Option<RunInputs>,
    outputs: Option<RunOutputs>,
    experiment: Option<Arc<Experiment>>,
    model_versions: Option<Vec<ModelVersion>>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowRunInfo")]
struct RunInfo {
    run_id: Option<String>,
    run_uuid: Option<String>,
    run_name: Option<String>,
    experiment_id: Option<String>,
    user_id: Option<String>,
    status: Option<RunStatus>,
    start_time: Option<LongString>,
    end_time: Option<LongString>,
    artifact_uri: Option<String>,
    lifecycle_stage: Option<String>,
}

struct RunData {
    metrics: Vec<Metric>,
    params: Vec<Param>,
    tags: Vec<RunTag>,
}

#[Object(name = "MlflowRunData")]
impl RunData {
    async fn metrics(&self, ctx: &Context<'_>) -> Option<Rows<'_, Metric>> {
        Some(Rows::new(ctx, &self.metrics))
    }

    async fn params(&self, ctx: &Context<'_>) -> Option<Rows<'_, Param>> {
        Some(Rows::new(ctx, &self.params))
    }

    async fn tags(&self, ctx: &Context<'_>) -> Option<Rows<'_, RunTag>> {
        Some(Rows::new(ctx, &self.tags))
    }
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowParam")]
struct Param {
    key: Option<String>,
    value: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowRunTag")]
struct RunTag {
    key: Option<String>,
    value: Option<String>,
}

impl Row for Param {
    fn cell(&self, field: &str) -> Value {
        key_or_value(field, self.key.as_ref(), self.value.as_ref())
    }
}

impl Row for RunTag {
    fn cell(&self, field: &str) -> Value {
        key_or_value(field, self.key.as_ref(), self.value.as_ref())
    }
}

fn key_or_value(field: &str, key: Option<&String>, value: Option<&String>) -> Value {
    match field {
        "key" => key.cloned().into(),
        "value" => value.cloned().into(),
        _ => Value::Null,
    }
}

impl From<SearchRuns> for wire::SearchRuns {
    fn from(input: SearchRuns) -> Self {
        wire::SearchRuns {
            experiment_ids: input.experiment_ids.into_iter().flatten().flatten().collect(),
            run_view_type: input.run_view_type.map(Into::into),
            filter: input.filter,
            max_results: input.max_results.map(Into::into),
            order_by: input.order_by.into_iter().flatten().flatten().collect(),
            page_token: input.page_token,
        }
    }
}

impl Run {
    /// A run with what was looked up for it, which is what is selected of it.
    pub(super) fn new(
        run: wire::Run,
        experiment: Option<Arc<Experiment>>,
        versions: Vec<versions::ModelVersion>,
    ) -> Self {
        Run {
            info: Some(run.info.unwrap_or_default().into()),
            data: Some(run.data.unwrap_or_default().into()),
            inputs: Some(run.inputs.unwrap_or_default().into()),
            outputs: Some(run.outputs.unwrap_or_default().into()),
            experiment,
            model_versions: list(versions),
        }
    }
}

impl From<wire::RunInfo> for RunInfo {
    fn from(info: wire::RunInfo) -> Self {
        RunInfo {
            run_id: text(info.run_id),
            run_uuid: text(info.run_uuid),
            run_name: text(info.run_name),
            experiment_id: text(info.experiment_id),
            user_id: text(info.user_id),
            status: info.status.map(Into::into),
            start_time: long(info.start_time),
            end_time: long(info.end_time),
            artifact_uri: text(info.artifact_uri),
            lifecycle_stage: text(info.lifecycle_stage),
        }
    }
}

impl From<wire::RunData> for RunData {
    fn from(data: wire::RunData) -> Self {
        RunData {
            metrics: data.metrics.into_iter().map(Into::into).collect(),
            params: data.params.into_iter().map(Into::into).collect(),
            tags: data.tags.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wire::Param> for Param {
    fn from(param: wire::Param) -> Self {
        Param { key: text(param.key), value: text(param.value) }
    }
}

impl From<wire::RunTag> for RunTag {
    fn from(tag: wire::RunTag) -> Self {
        RunTag { key: text(tag.key), value: text(tag.value) }
    }
}
