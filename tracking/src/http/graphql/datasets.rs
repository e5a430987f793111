//! Datasets, and what went into runs and came out of them, in GraphQL.

use async_graphql::{InputObject, SimpleObject};
use forebay_wire::datasets as wire;

use super::fault::Fault;
use super::scalar::{LongString, list, long, text};

#[derive(InputObject)]
#[graphql(name = "MlflowSearchDatasetsInput")]
pub(super) struct SearchDatasets {
    pub(super) experiment_ids: Option<Vec<Option<String>>>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowSearchDatasetsResponse")]
pub(super) struct SearchDatasetsResponse {
    pub(super) dataset_summaries: Option<Vec<DatasetSummary>>,
    pub(super) api_error: Option<Fault>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowDatasetSummary")]
pub(super) struct DatasetSummary {
    experiment_id: Option<String>,
    name: Option<String>,
    digest: Option<String>,
    context: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowRunInputs")]
pub(super) struct RunInputs {
    dataset_inputs: Option<Vec<DatasetInput>>,
    model_inputs: Option<Vec<ModelInput>>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowDatasetInput")]
struct DatasetInput {
    tags: Option<Vec<InputTag>>,
    dataset: Option<Dataset>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowInputTag")]
struct InputTag {
    key: Option<String>,
    value: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowDataset")]
struct Dataset {
    name: Option<String>,
    digest: Option<String>,
    source_type: Option<String>,
    source: Option<String>,
    schema: Option<String>,
    profile: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowModelInput")]
struct ModelInput {
    model_id: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowRunOutputs")]
pub(super) struct RunOutputs {
    model_outputs: Option<Vec<ModelOutput>>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowModelOutput")]
struct ModelOutput {
    model_id: Option<String>,
    step: Option<LongString>,
}

impl From<wire::DatasetSummary> for DatasetSummary {
    fn from(summary: wire::DatasetSummary) -> Self {
        DatasetSummary {
            experiment_id: text(summary.experiment_id),
            name: text(summary.name),
            digest: text(summary.digest),
            context: text(summary.context),
        }
    }
}

impl From<wire::RunInputs> for RunInputs {
    fn from(inputs: wire::RunInputs) -> Self {
        RunInputs { dataset_inputs: list(inputs.dataset_inputs), model_inputs: list(inputs.model_inputs) }
    }
}

impl From<wire::DatasetInput> for DatasetInput {
    fn from(input: wire::DatasetInput) -> Self {
        DatasetInput { tags: list(input.tags), dataset: Some(input.dataset.unwrap_or_default().into()) }
    }
}

impl From<wire::InputTag> for InputTag {
    fn from(tag: wire::InputTag) -> Self {
        InputTag { key: text(tag.key), value: text(tag.value) }
    }
}

impl From<wire::Dataset> for Dataset {
    fn from(dataset: wire::Dataset) -> Self {
        Dataset {
            name: text(dataset.name),
            digest: text(dataset.digest),
            source_type: text(dataset.source_type),
            source: text(dataset.source),
            schema: text(dataset.schema),
            profile: text(dataset.profile),
        }
    }
}

impl From<wire::ModelInput> for ModelInput {
    fn from(input: wire::ModelInput) -> Self {
        ModelInput { model_id: text(input.model_id) }
    }
}

impl From<wire::RunOutputs> for RunOutputs {
    fn from(outputs: wire::RunOutputs) -> Self {
        RunOutputs { model_outputs: list(outputs.model_outputs) }
    }
}

impl From<wire::ModelOutput> for ModelOutput {
    fn from(output: wire::ModelOutput) -> Self {
        ModelOutput { model_id: text(output.model_id), step: long(output.step) }
    }
}
