//! Messages about what went into a run and what came out: datasets and logged models.
#![expect(missing_docs, reason = "the fields are MLflow's own; docs stand where a name does not say it all")]

use crate::number::Int64;
use crate::presence::message;

message! {
    /// The inputs of a run.
    pub struct RunInputs {
        dataset_inputs as "datasetInputs": Vec<DatasetInput>,
        model_inputs as "modelInputs": Vec<ModelInput>,
    }

    /// The outputs of a run.
    pub struct RunOutputs {
        model_outputs as "modelOutputs": Vec<ModelOutput>,
    }

    /// A dataset that a run read.
    pub struct DatasetInput {
        tags: Vec<InputTag>,
        dataset: Option<Dataset>,
    }

    /// A tag on a dataset as one run's input, such as its context.
    pub struct InputTag {
        key: Option<String>,
        value: Option<String>,
    }

    /// A dataset, known by name and digest.
    pub struct Dataset {
        name: Option<String>,
        digest: Option<String>,
        source_type as "sourceType": Option<String>,
        source: Option<String>,
        schema: Option<String>,
        profile: Option<String>,
    }

    /// A logged model that a run read.
    pub struct ModelInput {
        model_id as "modelId": Option<String>,
    }

    /// A logged model that a run made.
    pub struct ModelOutput {
        model_id as "modelId": Option<String>,
        step: Option<Int64>,
    }

    /// `POST runs/log-inputs`; the answer is empty.
    pub struct LogInputs {
        run_id as "runId": Option<String>,
        datasets: Vec<DatasetInput>,
        models: Vec<ModelInput>,
    }

    /// `POST runs/outputs`; the answer is empty.
    pub struct LogOutputs {
        run_id as "runId": Option<String>,
        /// Absent is an error where an empty list is not.
        models: Option<Vec<ModelOutput>>,
    }

    /// `POST experiments/search-datasets`.
    pub struct SearchDatasets {
        experiment_ids as "experimentIds": Vec<String>,
    }

    /// Answers [`SearchDatasets`].
    pub struct SearchDatasetsResponse {
        dataset_summaries as "datasetSummaries": Vec<DatasetSummary>,
    }

    /// A dataset as the web UI offers it in a filter.
    pub struct DatasetSummary {
        experiment_id as "experimentId": Option<String>,
        name: Option<String>,
        digest: Option<String>,
        /// The context it was used in, such as `training`.
        context: Option<String>,
    }
}
