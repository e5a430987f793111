//! Messages about the definitions of the feature store. These are ours; MLflow has none like them.
#![expect(missing_docs, reason = "docs stand where a name does not say it all")]

use serde_json::Value;

use crate::feature_definitions::FeatureDefinitions;
use crate::number::Int64;
use crate::presence::message;

message! {
    /// `POST features/plan` and `POST features/apply`: one of the three, all or none of what it holds.
    #[serde(deny_unknown_fields)]
    pub struct ApplyFeatures {
        /// One file.
        yaml: Option<String>,
        /// Several, with the names that errors tell.
        files: Vec<FeatureFile>,
        definitions: Option<FeatureDefinitions>,
    }

    /// A file of definitions.
    #[serde(deny_unknown_fields)]
    pub struct FeatureFile {
        name: Option<String>,
        yaml: Option<String>,
    }

    /// Answers [`ApplyFeatures`]: what would change, or changed.
    pub struct FeatureChanges {
        /// In the order of what was sent.
        changes: Vec<FeatureChange>,
    }

    /// What becomes of one definition.
    pub struct FeatureChange {
        /// `entity`, `feature_view`, `on_demand_view` or `feature_service`.
        kind: Option<String>,
        name: Option<String>,
        /// `created`, `changed` or `unchanged`.
        change: Option<String>,
        /// The version that it has then, ≥ 1; each change is a new one.
        version: Option<Int64>,
        /// Of one that changed.
        fields: Vec<FieldChange>,
    }

    /// A field that changed.
    pub struct FieldChange {
        /// Such as `ttl` or `features[temp].type`.
        field: Option<String>,
        /// As JSON; absent where there was nothing.
        from: Option<String>,
        /// As JSON; absent where there is nothing.
        to: Option<String>,
    }

    /// A definition as it is kept.
    pub struct KeptFeatures {
        /// `entity`, `feature_view`, `on_demand_view` or `feature_service`.
        kind: Option<String>,
        name: Option<String>,
        version: Option<Int64>,
        /// Milliseconds since the epoch.
        creation_timestamp as "creationTimestamp": Option<Int64>,
        created_by as "createdBy": Option<String>,
        /// Whether it was deleted with this version.
        is_deleted as "isDeleted": Option<bool>,
        /// As a file may hold it; absent in lists.
        yaml: Option<String>,
        /// The same as JSON.
        definitions: Option<FeatureDefinitions>,
    }

    /// `GET features/list`.
    pub struct ListFeatures {
        /// All kinds when absent.
        kind: Option<String>,
    }

    /// Answers [`ListFeatures`] by kind and name, and `GET features/history` with the latest version first.
    pub struct KeptFeaturesList {
        definitions: Vec<KeptFeatures>,
    }

    /// `GET features/get`, `GET features/history` and `DELETE features/delete`.
    pub struct NamedFeatures {
        name: Option<String>,
        /// May be absent where only one kind has the name.
        kind: Option<String>,
        /// The last one when absent; means nothing to a deletion.
        version: Option<Int64>,
    }

    /// Answers `GET features/get`.
    pub struct KeptFeaturesResponse {
        definition: Option<KeptFeatures>,
    }

    /// `POST features/training-sets`: as JSON, or in the query where the body is the spine as an Arrow stream.
    #[serde(deny_unknown_fields)]
    pub struct MakeTrainingSet {
        /// The name of a feature service; that of the manifest when absent.
        service: Option<String>,
        /// The last one when absent.
        version: Option<Int64>,
        /// The address of the table whose rows get features; that of the manifest when absent.
        spine: Option<String>,
        /// The column with the time of a row; `event_timestamp`, or that of the manifest, when absent.
        event_time as "eventTime": Option<String>,
        /// The address of the table to write; when absent, the answer is the training set as an Arrow stream.
        output: Option<String>,
        /// Whether a file that is there already is replaced; else it is an error.
        overwrite: Option<bool>,
        /// Milliseconds since the epoch: Delta tables are read as they were then.
        as_of as "asOf": Option<Int64>,
        /// A manifest: what it says comes out again.
        pin: Option<Value>,
        /// The name of a job, whose rows a Delta table gets once.
        job_id as "jobId": Option<String>,
        /// Bytes that the whole server may have meanwhile; at most, and when absent, what its operator allows.
        memory: Option<Int64>,
    }

    /// Answers [`MakeTrainingSet`] where it wrote a table.
    pub struct TrainingSetResponse {
        output: Option<String>,
        /// The version of a Delta table that has the rows.
        output_version as "outputVersion": Option<Int64>,
        manifest: Option<Value>,
        audit: Option<Value>,
    }

    /// A line of the answer where lines are wanted; the last one has a result or an error.
    pub struct TrainingSetLine {
        progress: Option<TrainingSetProgress>,
        result: Option<TrainingSetResponse>,
        error_code as "errorCode": Option<String>,
        message: Option<String>,
    }

    /// How far a build is.
    pub struct TrainingSetProgress {
        /// `spine`, `view`, `parts` or `write`.
        step: Option<String>,
        /// The name of the view that is read.
        view: Option<String>,
        /// Rows that are done.
        done: Option<Int64>,
        /// Of so many, where that is known.
        of: Option<Int64>,
    }

    /// `GET features/service-definitions`.
    pub struct GetServiceDefinitions {
        /// The name of a feature service.
        name: Option<String>,
        /// The last one when absent.
        version: Option<Int64>,
    }

    /// Answers [`GetServiceDefinitions`]: the service, and all that its features come from as it is now.
    pub struct ServiceDefinitions {
        name: Option<String>,
        version: Option<Int64>,
        /// The service alone among services.
        definitions: Option<FeatureDefinitions>,
    }
}
