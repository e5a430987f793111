//! Messages about logged models.
//!
//! In a DELETE, PATCH or GET the path names the model; the fields here are what body or query repeat of it.
#![expect(missing_docs, reason = "the fields are MLflow's own; docs stand where a name does not say it all")]

use crate::artifacts::FileInfo;
use crate::enumeration::LoggedModelStatus;
use crate::metrics::Metric;
use crate::number::{Int32, Int64};
use crate::presence::message;

message! {
    /// A logged model.
    pub struct LoggedModel {
        info: Option<LoggedModelInfo>,
        data: Option<LoggedModelData>,
    }

    /// The facts about a logged model itself.
    pub struct LoggedModelInfo {
        model_id as "modelId": Option<String>,
        experiment_id as "experimentId": Option<String>,
        name: Option<String>,
        creation_timestamp_ms as "creationTimestampMs": Option<Int64>,
        last_updated_timestamp_ms as "lastUpdatedTimestampMs": Option<Int64>,
        artifact_uri as "artifactUri": Option<String>,
        status: Option<LoggedModelStatus>,
        creator_id as "creatorId": Option<Int64>,
        model_type as "modelType": Option<String>,
        source_run_id as "sourceRunId": Option<String>,
        status_message as "statusMessage": Option<String>,
        tags: Vec<LoggedModelTag>,
        registrations: Vec<LoggedModelRegistrationInfo>,
    }

    /// A registered version that was made from a logged model.
    pub struct LoggedModelRegistrationInfo {
        name: Option<String>,
        version: Option<String>,
    }

    /// What was logged on a model.
    pub struct LoggedModelData {
        params: Vec<LoggedModelParameter>,
        metrics: Vec<Metric>,
    }

    /// A param of a logged model.
    pub struct LoggedModelParameter {
        key: Option<String>,
        value: Option<String>,
    }

    /// A tag of a logged model.
    pub struct LoggedModelTag {
        key: Option<String>,
        value: Option<String>,
    }

    /// `POST logged-models`.
    pub struct CreateLoggedModel {
        experiment_id as "experimentId": Option<String>,
        name: Option<String>,
        model_type as "modelType": Option<String>,
        source_run_id as "sourceRunId": Option<String>,
        params: Vec<LoggedModelParameter>,
        tags: Vec<LoggedModelTag>,
    }

    /// Answers every request that ends with one model.
    pub struct LoggedModelResponse {
        model: Option<LoggedModel>,
    }

    /// `PATCH logged-models/{model_id}`.
    pub struct FinalizeLoggedModel {
        model_id as "modelId": Option<String>,
        status: Option<LoggedModelStatus>,
    }

    /// `GET logged-models/{model_id}`.
    pub struct GetLoggedModel {
        model_id as "modelId": Option<String>,
        /// `true` in any case shows a deleted model too.
        allow_deleted as "allowDeleted": Option<String>,
    }

    /// `POST logged-models/search`.
    pub struct SearchLoggedModels {
        /// Absent is an error, an empty list finds nothing.
        experiment_ids as "experimentIds": Option<Vec<String>>,
        filter: Option<String>,
        max_results as "maxResults": Option<Int32>,
        order_by as "orderBy": Vec<SearchLoggedModelsOrderBy>,
        page_token as "pageToken": Option<String>,
        datasets: Vec<SearchLoggedModelsDataset>,
    }

    /// Keeps only metrics that were measured on this dataset.
    pub struct SearchLoggedModelsDataset {
        dataset_name as "datasetName": Option<String>,
        dataset_digest as "datasetDigest": Option<String>,
    }

    /// One key of a sort order.
    pub struct SearchLoggedModelsOrderBy {
        field_name as "fieldName": Option<String>,
        /// Absent means true.
        ascending: Option<bool>,
        dataset_name as "datasetName": Option<String>,
        dataset_digest as "datasetDigest": Option<String>,
    }

    /// Answers [`SearchLoggedModels`].
    pub struct SearchLoggedModelsResponse {
        models: Vec<LoggedModel>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `PATCH logged-models/{model_id}/tags`.
    pub struct SetLoggedModelTags {
        model_id as "modelId": Option<String>,
        tags: Vec<LoggedModelTag>,
    }

    /// `POST logged-models/{model_id}/params`; the answer is empty.
    pub struct LogLoggedModelParams {
        model_id as "modelId": Option<String>,
        params: Vec<LoggedModelParameter>,
    }

    /// `GET logged-models/{model_id}/artifacts/directories`.
    pub struct ListLoggedModelArtifacts {
        model_id as "modelId": Option<String>,
        artifact_directory_path as "artifactDirectoryPath": Option<String>,
        page_token as "pageToken": Option<String>,
    }

    /// Answers [`ListLoggedModelArtifacts`].
    pub struct ListLoggedModelArtifactsResponse {
        root_uri as "rootUri": Option<String>,
        files: Vec<FileInfo>,
        next_page_token as "nextPageToken": Option<String>,
    }
}
