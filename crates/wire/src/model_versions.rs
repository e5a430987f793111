//! Messages about the versions of registered models.
#![expect(missing_docs, reason = "the fields are MLflow's own; docs stand where a name does not say it all")]

use crate::enumeration::ModelVersionStatus;
use crate::number::Int64;
use crate::presence::message;

message! {
    /// One version of a registered model.
    pub struct ModelVersion {
        /// The name of the registered model.
        name: Option<String>,
        /// A number ≥ 1 in digits.
        version: Option<String>,
        /// Milliseconds since the epoch.
        creation_timestamp as "creationTimestamp": Option<Int64>,
        /// Milliseconds since the epoch.
        last_updated_timestamp as "lastUpdatedTimestamp": Option<Int64>,
        user_id as "userId": Option<String>,
        /// `None`, `Staging`, `Production` or `Archived`.
        current_stage as "currentStage": Option<String>,
        description: Option<String>,
        /// Where its files are.
        source: Option<String>,
        /// The run that made it.
        run_id as "runId": Option<String>,
        status: Option<ModelVersionStatus>,
        status_message as "statusMessage": Option<String>,
        tags: Vec<ModelVersionTag>,
        run_link as "runLink": Option<String>,
        aliases: Vec<String>,
    }

    /// A tag of a model version.
    pub struct ModelVersionTag {
        key: Option<String>,
        value: Option<String>,
    }

    /// `GET model-versions/search`.
    pub struct SearchModelVersions {
        filter: Option<String>,
        max_results as "maxResults": Option<Int64>,
        order_by as "orderBy": Vec<String>,
        page_token as "pageToken": Option<String>,
    }

    /// Answers [`SearchModelVersions`].
    pub struct SearchModelVersionsResponse {
        model_versions as "modelVersions": Vec<ModelVersion>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `POST model-versions/create`.
    pub struct CreateModelVersion {
        /// The name of the registered model.
        name: Option<String>,
        /// Where its files are: a URI, or a path in the artifacts of the run.
        source: Option<String>,
        run_id as "runId": Option<String>,
        tags: Vec<ModelVersionTag>,
        run_link as "runLink": Option<String>,
        description: Option<String>,
        /// The logged model that becomes the version.
        model_id as "modelId": Option<String>,
    }

    /// Answers everything that makes, changes or finds one version.
    pub struct ModelVersionResponse {
        model_version as "modelVersion": Option<ModelVersion>,
    }

    /// `GET model-versions/get`, `GET model-versions/get-download-uri` and `DELETE model-versions/delete`.
    pub struct NamedModelVersion {
        /// The name of the registered model.
        name: Option<String>,
        version: Option<String>,
    }

    /// `PATCH model-versions/update`.
    pub struct UpdateModelVersion {
        /// The name of the registered model.
        name: Option<String>,
        version: Option<String>,
        description: Option<String>,
    }

    /// `POST model-versions/transition-stage`.
    pub struct TransitionModelVersionStage {
        /// The name of the registered model.
        name: Option<String>,
        version: Option<String>,
        stage: Option<String>,
        /// Whether the versions that are in the stage become archived.
        archive_existing_versions as "archiveExistingVersions": Option<bool>,
    }

    /// Answers `get-download-uri`.
    pub struct GetModelVersionDownloadUriResponse {
        artifact_uri as "artifactUri": Option<String>,
    }

    /// `POST model-versions/set-tag`; the answer is empty.
    pub struct SetModelVersionTag {
        /// The name of the registered model.
        name: Option<String>,
        version: Option<String>,
        key: Option<String>,
        value: Option<String>,
    }

    /// `DELETE model-versions/delete-tag`; the answer is empty.
    pub struct DeleteModelVersionTag {
        /// The name of the registered model.
        name: Option<String>,
        version: Option<String>,
        key: Option<String>,
    }

    /// `GET /model-versions/get-artifact`; the answer is the file.
    pub struct GetModelVersionArtifact {
        /// The name of the registered model.
        name: Option<String>,
        version: Option<String>,
        path: Option<String>,
    }
}
