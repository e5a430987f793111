//! Messages about runs: their life, their params and tags, batches and searches.
//!
//! Where a request has both `run_id` and `run_uuid`, the second is the name older clients use for the first.
#![expect(missing_docs, reason = "the fields are MLflow's own; docs stand where a name does not say it all")]

use crate::datasets::{RunInputs, RunOutputs};
use crate::enumeration::{RunStatus, ViewType};
use crate::metrics::Metric;
use crate::number::{Int32, Int64};
use crate::presence::message;

message! {
    /// A run with everything that was logged on it.
    pub struct Run {
        info: Option<RunInfo>,
        data: Option<RunData>,
        inputs: Option<RunInputs>,
        outputs: Option<RunOutputs>,
    }

    /// The facts about a run itself.
    pub struct RunInfo {
        /// Always equal to `run_id`.
        run_uuid as "runUuid": Option<String>,
        experiment_id as "experimentId": Option<String>,
        run_name as "runName": Option<String>,
        user_id as "userId": Option<String>,
        status: Option<RunStatus>,
        /// Milliseconds since the epoch.
        start_time as "startTime": Option<Int64>,
        /// Milliseconds since the epoch.
        end_time as "endTime": Option<Int64>,
        artifact_uri as "artifactUri": Option<String>,
        /// `active` or `deleted`.
        lifecycle_stage as "lifecycleStage": Option<String>,
        run_id as "runId": Option<String>,
    }

    /// What was logged on a run.
    pub struct RunData {
        /// The latest value of each metric.
        metrics: Vec<Metric>,
        params: Vec<Param>,
        tags: Vec<RunTag>,
    }

    /// A param of a run.
    pub struct Param {
        key: Option<String>,
        value: Option<String>,
    }

    /// A tag of a run.
    pub struct RunTag {
        key: Option<String>,
        value: Option<String>,
    }

    /// `POST runs/create`.
    pub struct CreateRun {
        experiment_id as "experimentId": Option<String>,
        user_id as "userId": Option<String>,
        run_name as "runName": Option<String>,
        /// Milliseconds since the epoch.
        start_time as "startTime": Option<Int64>,
        tags: Vec<RunTag>,
    }

    /// `GET runs/get`.
    pub struct GetRun {
        run_uuid as "runUuid": Option<String>,
        run_id as "runId": Option<String>,
    }

    /// Answers [`CreateRun`] and [`GetRun`].
    pub struct GetRunResponse {
        run: Option<Run>,
    }

    /// `POST runs/update`.
    pub struct UpdateRun {
        run_uuid as "runUuid": Option<String>,
        status: Option<RunStatus>,
        /// Milliseconds since the epoch.
        end_time as "endTime": Option<Int64>,
        run_id as "runId": Option<String>,
        run_name as "runName": Option<String>,
    }

    /// Answers [`UpdateRun`].
    pub struct UpdateRunResponse {
        run_info as "runInfo": Option<RunInfo>,
    }

    /// `POST runs/delete`; the answer is empty.
    pub struct DeleteRun {
        run_id as "runId": Option<String>,
    }

    /// `POST runs/restore`; the answer is empty.
    pub struct RestoreRun {
        run_id as "runId": Option<String>,
    }

    /// `POST runs/search`.
    pub struct SearchRuns {
        experiment_ids as "experimentIds": Vec<String>,
        run_view_type as "runViewType": Option<ViewType>,
        filter: Option<String>,
        max_results as "maxResults": Option<Int32>,
        order_by as "orderBy": Vec<String>,
        page_token as "pageToken": Option<String>,
    }

    /// Answers [`SearchRuns`].
    pub struct SearchRunsResponse {
        runs: Vec<Run>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `POST runs/log-parameter`; the answer is empty.
    pub struct LogParam {
        run_uuid as "runUuid": Option<String>,
        key: Option<String>,
        value: Option<String>,
        run_id as "runId": Option<String>,
    }

    /// `POST runs/set-tag`; the answer is empty.
    pub struct SetTag {
        run_uuid as "runUuid": Option<String>,
        key: Option<String>,
        value: Option<String>,
        run_id as "runId": Option<String>,
    }

    /// `POST runs/delete-tag`; the answer is empty.
    pub struct DeleteTag {
        run_id as "runId": Option<String>,
        key: Option<String>,
    }

    /// `POST runs/log-batch`; the answer is empty.
    pub struct LogBatch {
        run_id as "runId": Option<String>,
        metrics: Vec<Metric>,
        params: Vec<Param>,
        tags: Vec<RunTag>,
    }

    /// `POST runs/log-model`; the answer is empty.
    pub struct LogModel {
        run_id as "runId": Option<String>,
        /// An `MLmodel` description as JSON text.
        model_json as "modelJson": Option<String>,
    }
}
