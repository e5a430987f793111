//! The versions of registered models.

use forebay_wire::enumeration::ModelVersionStatus;
use forebay_wire::model_versions as wire;

/// A version's place in the registry: the name of its model, and its number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct VersionKey {
    pub(crate) name: String,
    pub(crate) version: i64,
}

/// One version of a registered model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelVersion {
    pub(crate) key: VersionKey,
    /// Milliseconds since the epoch.
    pub(crate) creation_time_ms: Option<i64>,
    /// Milliseconds since the epoch.
    pub(crate) last_updated_time_ms: Option<i64>,
    pub(crate) description: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) run_id: Option<String>,
    pub(crate) run_link: Option<String>,
    pub(crate) status: Option<ModelVersionStatus>,
    pub(crate) status_message: Option<String>,
    /// In the order of their keys.
    pub(crate) tags: Vec<Tag>,
}

/// A tag of a version or of a registered model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl From<ModelVersion> for wire::ModelVersion {
    fn from(version: ModelVersion) -> Self {
        wire::ModelVersion {
            name: Some(version.key.name),
            version: Some(version.key.version.to_string()),
            creation_timestamp: version.creation_time_ms.map(Into::into),
            last_updated_timestamp: version.last_updated_time_ms.map(Into::into),
            user_id: version.user_id,
            current_stage: version.stage,
            description: version.description,
            source: version.source,
            run_id: version.run_id,
            status: version.status,
            // The original leaves out an empty message, and nothing else that is empty.
            status_message: version.status_message.filter(|message| !message.is_empty()),
            tags: version.tags.into_iter().map(Into::into).collect(),
            run_link: version.run_link,
            // MLflow's searches tell aliases with the model, not with its versions.
            aliases: Vec::new(),
        }
    }
}

impl From<Tag> for wire::ModelVersionTag {
    fn from(tag: Tag) -> Self {
        wire::ModelVersionTag { key: Some(tag.key), value: Some(tag.value) }
    }
}
