//! The versions of registered models, and what can be asked of them.

use forebay_core::columns::{Column, ColumnLimits};
use forebay_core::invalid::Invalid;
use forebay_wire::enumeration::ModelVersionStatus;
use forebay_wire::model_versions as wire;

use super::event::Of;
use super::name::{ModelName, VersionKey};
use super::registered_model::description;
use super::stage::Stage;
use super::tag::{self, Tag};

const SOURCE: Column = Column::of(500);
const RUN_ID: Column = Column::of(32);
const RUN_LINK: Column = Column::of(500);

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
    /// In the order of their names; empty in searches, as in MLflow, which tells them with the model.
    pub(crate) aliases: Vec<String>,
}

/// A version that is to be made, its source not looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewModelVersion {
    pub(crate) name: ModelName,
    pub(crate) source: String,
    /// None when the request does not name it; a request may name none by an empty text.
    pub(crate) run_id: Option<String>,
    /// The same of the logged model.
    pub(crate) model_id: Option<String>,
    pub(crate) run_link: String,
    pub(crate) description: String,
    /// Their keys differ.
    pub(crate) tags: Vec<Tag>,
}

impl NewModelVersion {
    pub(crate) fn from_wire(req: wire::CreateModelVersion, columns: ColumnLimits) -> Result<Self, Invalid> {
        let source = req.source.filter(|source| !source.is_empty());
        let source = source.ok_or_else(|| Invalid::missing("source"))?;
        columns.check("source", SOURCE, &source)?;
        let check = |field, column, text: Option<String>| match text {
            Some(text) => columns.check(field, column, &text).map(|()| Some(text)),
            None => Ok(None),
        };
        Ok(NewModelVersion {
            name: ModelName::parse(req.name)?,
            source,
            run_id: check("run_id", RUN_ID, req.run_id)?,
            model_id: req.model_id,
            run_link: check("run_link", RUN_LINK, req.run_link)?.unwrap_or_default(),
            description: description(req.description, columns)?.unwrap_or_default(),
            tags: tag::of_new_version(req.tags)?,
        })
    }

    /// Whether it is a version of a prompt, which has no files.
    pub(crate) fn is_prompt(&self) -> bool {
        Of::tags(&self.tags) == Of::Prompt
    }
}

/// A new description of a version; none at all takes the old one away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpdateModelVersion {
    pub(crate) key: VersionKey,
    pub(crate) description: Option<String>,
}

impl UpdateModelVersion {
    pub(crate) fn from_wire(req: wire::UpdateModelVersion, columns: ColumnLimits) -> Result<Self, Invalid> {
        let key = VersionKey::parse(req.name, req.version)?;
        Ok(UpdateModelVersion { key, description: description(req.description, columns)? })
    }
}

/// What happens to the versions that are in a stage when another one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Stay,
    Archive,
}

/// A version that is to be in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransitionStage {
    pub(crate) key: VersionKey,
    pub(crate) stage: Stage,
    pub(crate) existing: Existing,
}

impl TryFrom<wire::TransitionModelVersionStage> for TransitionStage {
    type Error = Invalid;

    fn try_from(req: wire::TransitionModelVersionStage) -> Result<Self, Invalid> {
        let text = req.stage.filter(|stage| !stage.is_empty()).ok_or_else(|| Invalid::missing("stage"))?;
        let stage = Stage::parse(&text)?;
        let archive = req.archive_existing_versions.unwrap_or_default();
        if archive && !stage.is_active() {
            return Err(Invalid::message(format!(
                "Model version transition cannot archive existing model versions because '{text}' is not an Active \
                 stage. Valid stages are ['Staging', 'Production']"
            )));
        }
        let existing = if archive { Existing::Archive } else { Existing::Stay };
        let key = VersionKey::parse(req.name, req.version)?;
        Ok(TransitionStage { key, stage, existing })
    }
}

/// Sets a tag of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetVersionTag {
    pub(crate) key: VersionKey,
    pub(crate) tag: Tag,
}

impl TryFrom<wire::SetModelVersionTag> for SetVersionTag {
    type Error = Invalid;

    fn try_from(req: wire::SetModelVersionTag) -> Result<Self, Invalid> {
        let key = VersionKey::parse(req.name, req.version)?;
        Ok(SetVersionTag { key, tag: Tag::of_version(tag::required_key(req.key)?, req.value)? })
    }
}

/// Deletes a tag of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeleteVersionTag {
    pub(crate) key: VersionKey,
    pub(crate) tag_key: String,
}

impl TryFrom<wire::DeleteModelVersionTag> for DeleteVersionTag {
    type Error = Invalid;

    fn try_from(req: wire::DeleteModelVersionTag) -> Result<Self, Invalid> {
        let key = VersionKey::parse(req.name, req.version)?;
        Ok(DeleteVersionTag { key, tag_key: tag::required_key(req.key)? })
    }
}

impl TryFrom<wire::NamedModelVersion> for VersionKey {
    type Error = Invalid;

    fn try_from(req: wire::NamedModelVersion) -> Result<Self, Invalid> {
        VersionKey::parse(req.name, req.version)
    }
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
            aliases: version.aliases,
        }
    }
}
