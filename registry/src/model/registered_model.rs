//! Registered models: a name, and versions under it.

use forebay_wire::registered_models as wire;

use super::model_version::{ModelVersion, Tag};

/// A registered model with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RegisteredModel {
    pub(crate) name: String,
    /// Milliseconds since the epoch.
    pub(crate) creation_time_ms: Option<i64>,
    /// Milliseconds since the epoch.
    pub(crate) last_updated_time_ms: Option<i64>,
    pub(crate) description: Option<String>,
    /// The highest version in each stage, in the order of the stages' names.
    pub(crate) latest_versions: Vec<ModelVersion>,
    /// In the order of their keys.
    pub(crate) tags: Vec<Tag>,
    /// In the order of their names.
    pub(crate) aliases: Vec<Alias>,
}

/// A name that stands for one version of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) alias: String,
    pub(crate) version: i64,
}

impl From<RegisteredModel> for wire::RegisteredModel {
    fn from(model: RegisteredModel) -> Self {
        wire::RegisteredModel {
            name: Some(model.name),
            creation_timestamp: model.creation_time_ms.map(Into::into),
            // The original leaves out a time of 0 and an empty description, here but not for versions.
            last_updated_timestamp: model.last_updated_time_ms.filter(|time| *time != 0).map(Into::into),
            user_id: None,
            description: model.description.filter(|text| !text.is_empty()),
            latest_versions: model.latest_versions.into_iter().map(Into::into).collect(),
            tags: model.tags.into_iter().map(Into::into).collect(),
            aliases: model.aliases.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Tag> for wire::RegisteredModelTag {
    fn from(tag: Tag) -> Self {
        wire::RegisteredModelTag { key: Some(tag.key), value: Some(tag.value) }
    }
}

impl From<Alias> for wire::RegisteredModelAlias {
    fn from(alias: Alias) -> Self {
        wire::RegisteredModelAlias { alias: Some(alias.alias), version: Some(alias.version.to_string()) }
    }
}
