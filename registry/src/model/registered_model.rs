//! Registered models: a name, and versions under it.

use forebay_core::columns::{Column, ColumnLimits};
use forebay_core::invalid::Invalid;
use forebay_wire::registered_models as wire;

use super::alias::Alias;
use super::model_version::ModelVersion;
use super::name::ModelName;
use super::stage::Stage;
use super::tag::{self, Tag};

const DESCRIPTION: Column = Column::of(5_000);

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

/// A model that is to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewRegisteredModel {
    pub(crate) name: ModelName,
    pub(crate) description: String,
    /// Their keys differ.
    pub(crate) tags: Vec<Tag>,
}

impl NewRegisteredModel {
    pub(crate) fn from_wire(
        req: wire::CreateRegisteredModel,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        Ok(NewRegisteredModel {
            name: ModelName::parse_new("name", req.name, columns)?,
            description: description(req.description, columns)?.unwrap_or_default(),
            tags: tag::of_new_model(req.tags, columns)?,
        })
    }
}

/// A new description of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpdateRegisteredModel {
    pub(crate) name: ModelName,
    pub(crate) description: String,
}

impl UpdateRegisteredModel {
    pub(crate) fn from_wire(
        req: wire::UpdateRegisteredModel,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let name = ModelName::parse(req.name)?;
        Ok(UpdateRegisteredModel {
            name,
            description: description(req.description, columns)?.unwrap_or_default(),
        })
    }
}

/// A new name for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RenameRegisteredModel {
    pub(crate) name: ModelName,
    pub(crate) new_name: ModelName,
}

impl RenameRegisteredModel {
    pub(crate) fn from_wire(
        req: wire::RenameRegisteredModel,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let new_name = ModelName::parse_new("new_name", req.new_name, columns)?;
        Ok(RenameRegisteredModel { name: ModelName::parse(req.name)?, new_name })
    }
}

/// Sets a tag of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetModelTag {
    pub(crate) name: ModelName,
    pub(crate) tag: Tag,
}

impl SetModelTag {
    pub(crate) fn from_wire(
        req: wire::SetRegisteredModelTag,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let name = ModelName::parse(req.name)?;
        Ok(SetModelTag { name, tag: Tag::of_model(tag::required_key(req.key)?, req.value, columns)? })
    }
}

/// Deletes a tag of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeleteModelTag {
    pub(crate) name: ModelName,
    pub(crate) key: String,
}

impl TryFrom<wire::DeleteRegisteredModelTag> for DeleteModelTag {
    type Error = Invalid;

    fn try_from(req: wire::DeleteRegisteredModelTag) -> Result<Self, Invalid> {
        Ok(DeleteModelTag { name: ModelName::parse(req.name)?, key: tag::required_key(req.key)? })
    }
}

/// The latest versions of a model that are in one of these stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GetLatestVersions {
    pub(crate) name: ModelName,
    /// Never empty.
    pub(crate) stages: Vec<Stage>,
}

impl TryFrom<wire::GetLatestVersions> for GetLatestVersions {
    type Error = Invalid;

    fn try_from(req: wire::GetLatestVersions) -> Result<Self, Invalid> {
        let stages: Vec<Stage> =
            req.stages.iter().map(|stage| Stage::parse(stage)).collect::<Result<_, Invalid>>()?;
        let stages = if stages.is_empty() { Stage::ALL.to_vec() } else { stages };
        Ok(GetLatestVersions { name: ModelName::parse(req.name)?, stages })
    }
}

/// Reads the description of a model or of a version.
pub(super) fn description(text: Option<String>, columns: ColumnLimits) -> Result<Option<String>, Invalid> {
    if let Some(text) = &text {
        columns.check("description", DESCRIPTION, text)?;
    }
    Ok(text)
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

impl From<Alias> for wire::RegisteredModelAlias {
    fn from(alias: Alias) -> Self {
        wire::RegisteredModelAlias { alias: Some(alias.alias), version: Some(alias.version.to_string()) }
    }
}
