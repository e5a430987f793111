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
}
