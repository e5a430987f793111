//! Messages about experiments and their tags.
#![expect(
    missing_docs,
    clippy::struct_field_names,
    reason = "the fields are MLflow's own; docs stand where a name does not say it all"
)]

use crate::enumeration::ViewType;
use crate::number::Int64;
use crate::presence::message;

message! {
    /// An experiment.
    pub struct Experiment {
        experiment_id as "experimentId": Option<String>,
        name: Option<String>,
        artifact_location as "artifactLocation": Option<String>,
        /// `active` or `deleted`.
        lifecycle_stage as "lifecycleStage": Option<String>,
        /// Milliseconds since the epoch.
        last_update_time as "lastUpdateTime": Option<Int64>,
        /// Milliseconds since the epoch.
        creation_time as "creationTime": Option<Int64>,
        tags: Vec<ExperimentTag>,
        effective_trace_archival_retention as "effectiveTraceArchivalRetention": Option<String>,
        /// `default` where workspaces are switched off.
        workspace: Option<String>,
    }

    /// A tag of an experiment.
    pub struct ExperimentTag {
        key: Option<String>,
        value: Option<String>,
    }

    /// `POST experiments/create`.
    pub struct CreateExperiment {
        name: Option<String>,
        artifact_location as "artifactLocation": Option<String>,
        tags: Vec<ExperimentTag>,
    }

    /// Answers [`CreateExperiment`].
    pub struct CreateExperimentResponse {
        experiment_id as "experimentId": Option<String>,
    }

    /// `GET` and `POST experiments/search`.
    pub struct SearchExperiments {
        max_results as "maxResults": Option<Int64>,
        page_token as "pageToken": Option<String>,
        filter: Option<String>,
        order_by as "orderBy": Vec<String>,
        view_type as "viewType": Option<ViewType>,
    }

    /// Answers [`SearchExperiments`].
    pub struct SearchExperimentsResponse {
        experiments: Vec<Experiment>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `GET experiments/get`.
    pub struct GetExperiment {
        experiment_id as "experimentId": Option<String>,
    }

    /// `GET experiments/get-by-name`.
    pub struct GetExperimentByName {
        experiment_name as "experimentName": Option<String>,
    }

    /// Answers [`GetExperiment`] and [`GetExperimentByName`].
    pub struct GetExperimentResponse {
        experiment: Option<Experiment>,
    }

    /// `POST experiments/delete`; the answer is empty.
    pub struct DeleteExperiment {
        experiment_id as "experimentId": Option<String>,
    }

    /// `POST experiments/restore`; the answer is empty.
    pub struct RestoreExperiment {
        experiment_id as "experimentId": Option<String>,
    }

    /// `POST experiments/update`; the answer is empty.
    pub struct UpdateExperiment {
        experiment_id as "experimentId": Option<String>,
        new_name as "newName": Option<String>,
    }

    /// `POST experiments/set-experiment-tag`; the answer is empty.
    pub struct SetExperimentTag {
        experiment_id as "experimentId": Option<String>,
        key: Option<String>,
        value: Option<String>,
    }

    /// `POST experiments/delete-experiment-tag`; the answer is empty.
    pub struct DeleteExperimentTag {
        experiment_id as "experimentId": Option<String>,
        key: Option<String>,
    }
}
