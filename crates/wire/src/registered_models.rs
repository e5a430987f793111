//! Messages about registered models.
#![expect(missing_docs, reason = "the fields are MLflow's own; docs stand where a name does not say it all")]

use crate::model_versions::ModelVersion;
use crate::number::Int64;
use crate::presence::message;

message! {
    /// A registered model.
    pub struct RegisteredModel {
        /// Unique.
        name: Option<String>,
        /// Milliseconds since the epoch.
        creation_timestamp as "creationTimestamp": Option<Int64>,
        /// Milliseconds since the epoch.
        last_updated_timestamp as "lastUpdatedTimestamp": Option<Int64>,
        user_id as "userId": Option<String>,
        description: Option<String>,
        /// The highest version in each stage.
        latest_versions as "latestVersions": Vec<ModelVersion>,
        tags: Vec<RegisteredModelTag>,
        aliases: Vec<RegisteredModelAlias>,
    }

    /// A tag of a registered model.
    pub struct RegisteredModelTag {
        key: Option<String>,
        value: Option<String>,
    }

    /// A name that stands for one version of a registered model.
    pub struct RegisteredModelAlias {
        alias: Option<String>,
        /// A number ≥ 1 in digits.
        version: Option<String>,
    }

    /// `GET registered-models/search`.
    pub struct SearchRegisteredModels {
        filter: Option<String>,
        max_results as "maxResults": Option<Int64>,
        order_by as "orderBy": Vec<String>,
        page_token as "pageToken": Option<String>,
    }

    /// Answers [`SearchRegisteredModels`].
    pub struct SearchRegisteredModelsResponse {
        registered_models as "registeredModels": Vec<RegisteredModel>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `POST registered-models/create`.
    pub struct CreateRegisteredModel {
        name: Option<String>,
        tags: Vec<RegisteredModelTag>,
        description: Option<String>,
    }

    /// Answers everything that makes, changes or finds one model.
    pub struct RegisteredModelResponse {
        registered_model as "registeredModel": Option<RegisteredModel>,
    }

    /// `GET registered-models/get` and `DELETE registered-models/delete`.
    pub struct NamedRegisteredModel {
        name: Option<String>,
    }

    /// `PATCH registered-models/update`.
    pub struct UpdateRegisteredModel {
        name: Option<String>,
        description: Option<String>,
    }

    /// `POST registered-models/rename`.
    pub struct RenameRegisteredModel {
        name: Option<String>,
        new_name as "newName": Option<String>,
    }

    /// `GET` and `POST registered-models/get-latest-versions`.
    pub struct GetLatestVersions {
        name: Option<String>,
        /// All of them when empty.
        stages: Vec<String>,
    }

    /// Answers [`GetLatestVersions`].
    pub struct GetLatestVersionsResponse {
        model_versions as "modelVersions": Vec<ModelVersion>,
    }

    /// `POST registered-models/set-tag`; the answer is empty.
    pub struct SetRegisteredModelTag {
        name: Option<String>,
        key: Option<String>,
        value: Option<String>,
    }

    /// `DELETE registered-models/delete-tag`; the answer is empty.
    pub struct DeleteRegisteredModelTag {
        name: Option<String>,
        key: Option<String>,
    }

    /// `POST registered-models/alias`; the answer is empty.
    pub struct SetRegisteredModelAlias {
        name: Option<String>,
        alias: Option<String>,
        version: Option<String>,
    }

    /// `GET` and `DELETE registered-models/alias`.
    pub struct NamedAlias {
        name: Option<String>,
        alias: Option<String>,
    }
}
