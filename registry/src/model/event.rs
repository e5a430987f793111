//! Events: what changed in the registry, in the words of those who are told.
//!
//! A prompt is a registered model with a tag, and its events have names of their own. The functions that make an event
//! choose between the twins, so that no use case has to.

use forebay_core::python;
use forebay_wire::events::{self as wire, EventBody, EventData, Tags};
use serde_json::Value;

use super::event_kind::EventKind;
use super::name::VersionKey;
use super::prompts;
use super::tag::Tag;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    RegisteredModelCreated { name: String, tags: Vec<Tag>, description: Option<String> },
    ModelVersionCreated(NewVersion),
    ModelVersionTagSet { version: VersionKey, tag: Tag },
    ModelVersionTagDeleted { version: VersionKey, key: String },
    ModelVersionAliasCreated { version: VersionKey, alias: String },
    ModelVersionAliasDeleted { name: String, alias: String },
    PromptCreated { name: String, tags: Vec<Tag>, description: Option<String> },
    PromptVersionCreated(NewVersion),
    PromptTagSet { name: String, tag: Tag },
    PromptTagDeleted { name: String, key: String },
    PromptVersionTagSet { version: VersionKey, tag: Tag },
    PromptVersionTagDeleted { version: VersionKey, key: String },
    PromptAliasCreated { version: VersionKey, alias: String },
    PromptAliasDeleted { name: String, alias: String },
    Promotion { action: PromotionAction, data: Value },
}

/// A version that was just created, as the request described it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewVersion {
    pub(crate) key: VersionKey,
    pub(crate) source: String,
    pub(crate) run_id: Option<String>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) description: Option<String>,
}

/// A step of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromotionAction {
    Requested,
    Approved,
    Rejected,
    Completed,
    RolledBack,
}

/// Whether a registered model is one, or a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Model,
    Prompt,
}

impl Of {
    /// Reads it off the tags of a model or of a version; of two with one key the last counts.
    pub(crate) fn tags(tags: &[Tag]) -> Self {
        let tag = tags.iter().rfind(|tag| tag.key == prompts::IS_PROMPT);
        if prompts::is_prompt(tag.map(|tag| tag.value.as_str())) { Of::Prompt } else { Of::Model }
    }
}

impl Event {
    /// A registered model or a prompt was created; which of them, its tags say.
    pub(crate) fn model_created(name: String, tags: Vec<Tag>, description: Option<String>) -> Self {
        match Of::tags(&tags) {
            Of::Model => Event::RegisteredModelCreated { name, tags, description },
            Of::Prompt => Event::PromptCreated { name, tags, description },
        }
    }

    /// A version was created; whether of a prompt, its own tags say.
    pub(crate) fn version_created(version: NewVersion) -> Self {
        match Of::tags(&version.tags) {
            Of::Model => Event::ModelVersionCreated(version),
            Of::Prompt => Event::PromptVersionCreated(version),
        }
    }

    /// A tag was set on what has a name; MLflow tells it of prompts alone.
    pub(crate) fn model_tag_set(of: Of, name: String, tag: Tag) -> Option<Self> {
        (of == Of::Prompt).then_some(Event::PromptTagSet { name, tag })
    }

    /// A tag of what has a name was deleted; MLflow tells it of prompts alone.
    pub(crate) fn model_tag_deleted(of: Of, name: String, key: String) -> Option<Self> {
        (of == Of::Prompt).then_some(Event::PromptTagDeleted { name, key })
    }

    /// A tag was set on a version.
    pub(crate) fn version_tag_set(of: Of, version: VersionKey, tag: Tag) -> Self {
        match of {
            Of::Model => Event::ModelVersionTagSet { version, tag },
            Of::Prompt => Event::PromptVersionTagSet { version, tag },
        }
    }

    /// A tag of a version was deleted.
    pub(crate) fn version_tag_deleted(of: Of, version: VersionKey, key: String) -> Self {
        match of {
            Of::Model => Event::ModelVersionTagDeleted { version, key },
            Of::Prompt => Event::PromptVersionTagDeleted { version, key },
        }
    }

    /// An alias was given to a version, for the first time or not.
    pub(crate) fn alias_created(of: Of, version: VersionKey, alias: String) -> Self {
        match of {
            Of::Model => Event::ModelVersionAliasCreated { version, alias },
            Of::Prompt => Event::PromptAliasCreated { version, alias },
        }
    }

    /// An alias was taken away.
    pub(crate) fn alias_deleted(of: Of, name: String, alias: String) -> Self {
        match of {
            Of::Model => Event::ModelVersionAliasDeleted { name, alias },
            Of::Prompt => Event::PromptAliasDeleted { name, alias },
        }
    }

    pub(crate) fn kind(&self) -> EventKind {
        match self {
            Event::RegisteredModelCreated { .. } => EventKind::RegisteredModelCreated,
            Event::ModelVersionCreated(_) => EventKind::ModelVersionCreated,
            Event::ModelVersionTagSet { .. } => EventKind::ModelVersionTagSet,
            Event::ModelVersionTagDeleted { .. } => EventKind::ModelVersionTagDeleted,
            Event::ModelVersionAliasCreated { .. } => EventKind::ModelVersionAliasCreated,
            Event::ModelVersionAliasDeleted { .. } => EventKind::ModelVersionAliasDeleted,
            Event::PromptCreated { .. } => EventKind::PromptCreated,
            Event::PromptVersionCreated(_) => EventKind::PromptVersionCreated,
            Event::PromptTagSet { .. } => EventKind::PromptTagSet,
            Event::PromptTagDeleted { .. } => EventKind::PromptTagDeleted,
            Event::PromptVersionTagSet { .. } => EventKind::PromptVersionTagSet,
            Event::PromptVersionTagDeleted { .. } => EventKind::PromptVersionTagDeleted,
            Event::PromptAliasCreated { .. } => EventKind::PromptAliasCreated,
            Event::PromptAliasDeleted { .. } => EventKind::PromptAliasDeleted,
            Event::Promotion { action, .. } => match action {
                PromotionAction::Requested => EventKind::PromotionRequested,
                PromotionAction::Approved => EventKind::PromotionApproved,
                PromotionAction::Rejected => EventKind::PromotionRejected,
                PromotionAction::Completed => EventKind::PromotionCompleted,
                PromotionAction::RolledBack => EventKind::PromotionRolledBack,
            },
        }
    }

    /// The `data` of its deliveries.
    pub(crate) fn data(&self) -> EventData {
        match self.clone() {
            Event::RegisteredModelCreated { name, tags, description } => {
                created(name, tags.into_iter().collect(), description)
            }
            Event::PromptCreated { name, tags, description } => {
                created(name, without_internal(tags), description)
            }
            Event::ModelVersionCreated(version) => version_created(version),
            Event::PromptVersionCreated(version) => prompt_version_created(version),
            Event::PromptTagSet { name, tag } => EventData::TagSet { name, key: tag.key, value: tag.value },
            Event::PromptTagDeleted { name, key } => EventData::TagDeleted { name, key },
            Event::ModelVersionTagSet { version, tag } | Event::PromptVersionTagSet { version, tag } => {
                let (name, version) = (version.name, version.version.to_string());
                EventData::VersionTagSet { name, version, key: tag.key, value: tag.value }
            }
            Event::ModelVersionTagDeleted { version, key }
            | Event::PromptVersionTagDeleted { version, key } => {
                EventData::VersionTagDeleted { name: version.name, version: version.version.to_string(), key }
            }
            Event::ModelVersionAliasCreated { version, alias }
            | Event::PromptAliasCreated { version, alias } => {
                EventData::AliasCreated { name: version.name, alias, version: version.version.to_string() }
            }
            Event::ModelVersionAliasDeleted { name, alias } | Event::PromptAliasDeleted { name, alias } => {
                EventData::AliasDeleted { name, alias }
            }
            Event::Promotion { data, .. } => EventData::Other(data),
        }
    }
}

/// A missing description is an empty one here, and null with versions, as in MLflow.
fn created(name: String, tags: Tags, description: Option<String>) -> EventData {
    EventData::Created { name, tags, description: Some(description.unwrap_or_default()) }
}

fn version_created(version: NewVersion) -> EventData {
    EventData::VersionCreated(wire::VersionCreated {
        name: version.key.name,
        version: version.key.version.to_string(),
        source: version.source,
        run_id: version.run_id.filter(|id| !id.is_empty()),
        tags: version.tags.into_iter().collect(),
        description: version.description.filter(|text| !text.is_empty()),
    })
}

fn prompt_version_created(version: NewVersion) -> EventData {
    let mut tags = without_internal(version.tags);
    EventData::PromptVersionCreated(wire::PromptVersionCreated {
        name: version.key.name,
        version: version.key.version.to_string(),
        template: tags.remove(prompts::TEXT),
        tags,
        description: version.description.filter(|text| !text.is_empty()),
    })
}

/// The tags without those by which MLflow knows prompts.
fn without_internal(tags: Vec<Tag>) -> Tags {
    let mut tags: Tags = tags.into_iter().collect();
    tags.remove(prompts::IS_PROMPT);
    tags.remove(prompts::TYPE);
    tags
}

impl FromIterator<Tag> for Tags {
    fn from_iter<I: IntoIterator<Item = Tag>>(tags: I) -> Self {
        tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
    }
}

/// The body of a delivery, spaced as Python spaces JSON.
pub(crate) fn body(kind: EventKind, data: &EventData, at_ms: i64) -> String {
    let timestamp = iso_time(at_ms);
    python::json(&EventBody { entity: kind.entity(), action: kind.action(), timestamp: &timestamp, data })
}

/// A time in UTC as Python's `isoformat` writes it: with six digits behind the second, or with none if all are zero.
fn iso_time(at_ms: i64) -> String {
    // Only a year that no clock shows has no date.
    let time = chrono::DateTime::from_timestamp_millis(at_ms).unwrap_or_default();
    let format = if at_ms % 1_000 == 0 { "%Y-%m-%dT%H:%M:%S+00:00" } else { "%Y-%m-%dT%H:%M:%S%.6f+00:00" };
    time.format(format).to_string()
}

#[cfg(test)]
mod tests;
