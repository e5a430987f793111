//! Model versions in GraphQL. They belong to the registry, which answers through the trait here.

use async_graphql::{Enum, InputObject, SimpleObject};
use forebay_db::BoxFuture;
use forebay_web::error::ApiError;
use forebay_wire::enumeration;
use forebay_wire::model_versions as wire;

use super::fault::Fault;
use super::scalar::{LongString, list, long, text};

/// What the pages of runs show of the registry.
pub trait ModelVersions: Send + Sync {
    /// One page of model versions.
    fn search(
        &self,
        req: wire::SearchModelVersions,
    ) -> BoxFuture<'_, Result<wire::SearchModelVersionsResponse, ApiError>>;

    /// The versions that these runs made, for each run the last updated one first.
    fn list_of_runs(&self, run_ids: Vec<String>) -> BoxFuture<'_, Result<Vec<wire::ModelVersion>, ApiError>>;
}

#[derive(InputObject)]
#[graphql(name = "MlflowSearchModelVersionsInput")]
pub(super) struct SearchModelVersions {
    pub(super) filter: Option<String>,
    pub(super) max_results: Option<LongString>,
    pub(super) order_by: Option<Vec<Option<String>>>,
    pub(super) page_token: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowSearchModelVersionsResponse")]
pub(super) struct SearchModelVersionsResponse {
    model_versions: Option<Vec<ModelVersion>>,
    next_page_token: Option<String>,
    api_error: Option<Fault>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowModelVersion")]
pub(super) struct ModelVersion {
    name: Option<String>,
    version: Option<String>,
    creation_timestamp: Option<LongString>,
    last_updated_timestamp: Option<LongString>,
    user_id: Option<String>,
    current_stage: Option<String>,
    description: Option<String>,
    source: Option<String>,
    run_id: Option<String>,
    status: Option<ModelVersionStatus>,
    status_message: Option<String>,
    tags: Option<Vec<ModelVersionTag>>,
    run_link: Option<String>,
    aliases: Option<Vec<Option<String>>>,
    /// Empty, like the three fields below it: MLflow keeps none of them for a version.
    model_id: Option<String>,
    model_params: Option<Vec<ModelParam>>,
    model_metrics: Option<Vec<ModelMetric>>,
    deployment_job_state: Option<DeploymentJobState>,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "MlflowModelVersionStatus", remote = "enumeration::ModelVersionStatus")]
enum ModelVersionStatus {
    PendingRegistration,
    FailedRegistration,
    Ready,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowModelVersionTag")]
struct ModelVersionTag {
    key: Option<String>,
    value: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowModelParam")]
struct ModelParam {
    name: Option<String>,
    value: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowModelMetric")]
struct ModelMetric {
    key: Option<String>,
    value: Option<f64>,
    timestamp: Option<LongString>,
    step: Option<LongString>,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
    model_id: Option<String>,
    run_id: Option<String>,
}

/// Where the deployment of a version stands: nowhere, because nothing here deploys.
#[derive(SimpleObject)]
#[graphql(name = "MlflowModelVersionDeploymentJobState")]
struct DeploymentJobState {
    job_id: Option<String>,
    run_id: Option<String>,
    job_state: Option<DeploymentJobConnectionState>,
    run_state: Option<DeploymentJobRunState>,
    current_task_name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "MlflowDeploymentJobConnectionState")]
enum DeploymentJobConnectionState {
    #[graphql(name = "DEPLOYMENT_JOB_CONNECTION_STATE_UNSPECIFIED")]
    Unspecified,
    NotSetUp,
    Connected,
    NotFound,
    RequiredParametersChanged,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "MlflowModelVersionDeploymentJobStateDeploymentJobRunState")]
enum DeploymentJobRunState {
    #[graphql(name = "DEPLOYMENT_JOB_RUN_STATE_UNSPECIFIED")]
    Unspecified,
    NoValidDeploymentJobFound,
    Running,
    Succeeded,
    Failed,
    Pending,
    Approval,
}

impl From<SearchModelVersions> for wire::SearchModelVersions {
    fn from(input: SearchModelVersions) -> Self {
        wire::SearchModelVersions {
            filter: input.filter,
            max_results: input.max_results.map(|max| max.0.into()),
            order_by: input.order_by.into_iter().flatten().flatten().collect(),
            page_token: input.page_token,
        }
    }
}

impl From<wire::SearchModelVersionsResponse> for SearchModelVersionsResponse {
    fn from(page: wire::SearchModelVersionsResponse) -> Self {
        SearchModelVersionsResponse {
            model_versions: list(page.model_versions),
            next_page_token: text(page.next_page_token),
            api_error: None,
        }
    }
}

impl From<wire::ModelVersion> for ModelVersion {
    fn from(version: wire::ModelVersion) -> Self {
        ModelVersion {
            name: text(version.name),
            version: text(version.version),
            creation_timestamp: long(version.creation_timestamp),
            last_updated_timestamp: long(version.last_updated_timestamp),
            user_id: text(version.user_id),
            current_stage: text(version.current_stage),
            description: text(version.description),
            source: text(version.source),
            run_id: text(version.run_id),
            status: version.status.map(Into::into),
            status_message: text(version.status_message),
            tags: list(version.tags),
            run_link: text(version.run_link),
            aliases: list(version.aliases),
            model_id: text(None),
            model_params: Some(Vec::new()),
            model_metrics: Some(Vec::new()),
            deployment_job_state: Some(DeploymentJobState {
                job_id: text(None),
                run_id: text(None),
                job_state: None,
                run_state: None,
                current_task_name: text(None),
            }),
        }
    }
}

impl From<wire::ModelVersionTag> for ModelVersionTag {
    fn from(tag: wire::ModelVersionTag) -> Self {
        ModelVersionTag { key: text(tag.key), value: text(tag.value) }
    }
}
