//! Experiments in GraphQL.

use async_graphql::{InputObject, SimpleObject};
use forebay_wire::experiments as wire;

use super::fault::Fault;
use super::scalar::{LongString, list, long, text};

#[derive(InputObject)]
#[graphql(name = "MlflowGetExperimentInput")]
pub(super) struct GetExperiment {
    pub(super) experiment_id: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowGetExperimentResponse")]
pub(super) struct GetExperimentResponse {
    pub(super) experiment: Option<Experiment>,
    pub(super) api_error: Option<Fault>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowExperiment")]
pub(super) struct Experiment {
    #[graphql(name = "experimentId")]
    id: Option<String>,
    name: Option<String>,
    artifact_location: Option<String>,
    lifecycle_stage: Option<String>,
    last_update_time: Option<LongString>,
    creation_time: Option<LongString>,
    tags: Option<Vec<ExperimentTag>>,
    effective_trace_archival_retention: Option<String>,
    workspace: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowExperimentTag")]
struct ExperimentTag {
    key: Option<String>,
    value: Option<String>,
}

impl From<wire::Experiment> for Experiment {
    fn from(experiment: wire::Experiment) -> Self {
        Experiment {
            id: text(experiment.experiment_id),
            name: text(experiment.name),
            artifact_location: text(experiment.artifact_location),
            lifecycle_stage: text(experiment.lifecycle_stage),
            last_update_time: long(experiment.last_update_time),
            creation_time: long(experiment.creation_time),
            tags: list(experiment.tags),
            effective_trace_archival_retention: text(experiment.effective_trace_archival_retention),
            workspace: text(experiment.workspace),
        }
    }
}

impl From<wire::ExperimentTag> for ExperimentTag {
    fn from(tag: wire::ExperimentTag) -> Self {
        ExperimentTag { key: text(tag.key), value: text(tag.value) }
    }
}
