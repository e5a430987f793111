//! Experiments: a name, a place for artifacts, and the runs that belong together.

use forebay_core::columns::ColumnLimits;
use forebay_core::text;
use std::collections::HashSet;
use std::fmt;

use forebay_core::filter::OrderBy;
use forebay_core::filter::bounds::SearchBounds;
use forebay_core::filter::experiments::{self as filter, ExperimentComparison, ExperimentOrderKey};
use forebay_core::invalid::Invalid;
use forebay_core::page_token;
use forebay_wire::experiments as wire;

use super::columns;
use super::lifecycle::{Lifecycle, View};
use super::location::{ArtifactLocation, LocationRules};
use super::page;
use super::tag::{self, Tag};

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 500;

/// The id of an experiment, ≥ 0; on the wire a decimal string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExperimentId(pub(crate) i64);

impl ExperimentId {
    /// The experiment "Default", where runs without one go.
    pub(crate) const DEFAULT: ExperimentId = ExperimentId(0);

    /// The `experiment_id` of a request that cannot do without.
    pub(crate) fn require(text: Option<String>) -> Result<Self, Invalid> {
        let text = text.filter(|text| !text.is_empty()).ok_or_else(|| Invalid::missing("experiment_id"))?;
        Self::parse(&text)
    }

    /// The `experiment_ids` of a search, each once.
    pub(crate) fn parse_distinct(texts: &[String], bounds: &mut SearchBounds) -> Result<Vec<Self>, Invalid> {
        bounds.add("experiment_ids", texts.len())?;
        let mut seen = HashSet::new();
        let mut ids = texts.iter().map(|text| Self::parse(text)).collect::<Result<Vec<_>, _>>()?;
        ids.retain(|id| seen.insert(*id));
        Ok(ids)
    }

    /// Reads the decimal string of a request.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        text.trim().parse().map(ExperimentId).map_err(|_| {
            Invalid::message(format!(
                "Invalid experiment ID '{text}'. Experiment ID must be a valid integer."
            ))
        })
    }
}

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A stored experiment.
#[derive(Debug, Clone)]
pub(crate) struct Experiment {
    pub(crate) id: ExperimentId,
    pub(crate) name: String,
    pub(crate) artifact_location: Option<String>,
    pub(crate) lifecycle: Lifecycle,
    /// Milliseconds since the epoch; absent in databases that began before MLflow kept it.
    pub(crate) creation_time_ms: Option<i64>,
    pub(crate) last_update_time_ms: Option<i64>,
    pub(crate) tags: Vec<Tag>,
}

impl From<Experiment> for wire::Experiment {
    fn from(experiment: Experiment) -> Self {
        wire::Experiment {
            experiment_id: Some(experiment.id.to_string()),
            name: Some(experiment.name),
            artifact_location: experiment.artifact_location,
            lifecycle_stage: Some(experiment.lifecycle.as_str().to_owned()),
            last_update_time: experiment.last_update_time_ms.map(Into::into),
            creation_time: experiment.creation_time_ms.map(Into::into),
            tags: experiment.tags.into_iter().map(Into::into).collect(),
            workspace: Some("default".to_owned()),
            ..wire::Experiment::default()
        }
    }
}

impl From<Tag> for wire::ExperimentTag {
    fn from(tag: Tag) -> Self {
        wire::ExperimentTag { key: Some(tag.key), value: Some(tag.value) }
    }
}

/// An experiment to be created.
#[derive(Debug)]
pub(crate) struct NewExperiment {
    pub(crate) name: ExperimentName,
    pub(crate) artifact_location: Option<ArtifactLocation>,
    /// One for each key.
    pub(crate) tags: Vec<Tag>,
}

impl NewExperiment {
    /// Checks `experiments/create`.
    pub(crate) fn from_wire(
        req: wire::CreateExperiment,
        rules: &LocationRules,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let location = req.artifact_location.filter(|location| !location.is_empty());
        let location = location.map(|location| ArtifactLocation::parse(location, rules)).transpose()?;
        if let Some(location) = &location {
            columns.check("artifact_location", columns::EXPERIMENT_LOCATION, location.as_str())?;
        }
        Ok(NewExperiment {
            name: ExperimentName::parse(req.name, "name", columns)?,
            artifact_location: location,
            tags: experiment_tags(req.tags)?,
        })
    }
}

fn experiment_tags(given: Vec<wire::ExperimentTag>) -> Result<Vec<Tag>, Invalid> {
    let tags = given
        .into_iter()
        .map(|tag| Tag::of_experiment(tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
        .collect::<Result<Vec<_>, _>>()?;
    tag::check_keys_differ(&tags)?;
    Ok(tags)
}

/// A tag to be set on an experiment.
#[derive(Debug)]
pub(crate) struct SetExperimentTag {
    pub(crate) id: ExperimentId,
    pub(crate) tag: Tag,
}

impl TryFrom<wire::SetExperimentTag> for SetExperimentTag {
    type Error = Invalid;

    fn try_from(req: wire::SetExperimentTag) -> Result<Self, Invalid> {
        let id = ExperimentId::require(req.experiment_id)?;
        let key = req.key.filter(|key| !key.is_empty()).ok_or_else(|| Invalid::missing("key"))?;
        Ok(SetExperimentTag { id, tag: Tag::of_experiment(key, req.value.unwrap_or_default())? })
    }
}

/// A tag to be removed from an experiment.
#[derive(Debug)]
pub(crate) struct DeleteExperimentTag {
    pub(crate) id: ExperimentId,
    pub(crate) key: String,
}

impl TryFrom<wire::DeleteExperimentTag> for DeleteExperimentTag {
    type Error = Invalid;

    fn try_from(req: wire::DeleteExperimentTag) -> Result<Self, Invalid> {
        let id = ExperimentId::require(req.experiment_id)?;
        let key = req.key.filter(|key| !key.is_empty()).ok_or_else(|| Invalid::missing("key"))?;
        Ok(DeleteExperimentTag { id, key })
    }
}

/// A new name for an experiment.
#[derive(Debug)]
pub(crate) struct RenameExperiment {
    pub(crate) id: ExperimentId,
    pub(crate) name: ExperimentName,
}

impl RenameExperiment {
    /// Checks `experiments/update`.
    pub(crate) fn from_wire(req: wire::UpdateExperiment, columns: ColumnLimits) -> Result<Self, Invalid> {
        let id = ExperimentId::require(req.experiment_id)?;
        Ok(RenameExperiment { id, name: ExperimentName::parse(req.new_name, "new_name", columns)? })
    }
}

/// The name that `experiments/get-by-name` asks for, perhaps one that no experiment can have.
#[derive(Debug)]
pub(crate) struct AskedName(pub(crate) String);

impl TryFrom<wire::GetExperimentByName> for AskedName {
    type Error = Invalid;

    fn try_from(req: wire::GetExperimentByName) -> Result<Self, Invalid> {
        let name = req.experiment_name.filter(|name| !name.is_empty());
        name.map(AskedName).ok_or_else(|| Invalid::missing("experiment_name"))
    }
}

/// One page of a search over experiments.
#[derive(Debug)]
pub(crate) struct SearchExperiments {
    pub(crate) view: View,
    pub(crate) filter: Vec<ExperimentComparison>,
    pub(crate) order_by: Vec<OrderBy<ExperimentOrderKey>>,
    /// 1 to [`page::MAX_SIZE`].
    pub(crate) max_results: i64,
    /// Rows to skip, ≥ 0.
    pub(crate) offset: i64,
}

impl TryFrom<wire::SearchExperiments> for SearchExperiments {
    type Error = Invalid;

    fn try_from(req: wire::SearchExperiments) -> Result<Self, Invalid> {
        Ok(SearchExperiments {
            view: req.view_type.map_or(View::ActiveOnly, View::from),
            filter: SearchBounds::default()
                .add_filter(filter::parse_filter(req.filter.as_deref().unwrap_or_default())?)?,
            order_by: filter::parse_order_by(&req.order_by)?,
            // MLflow has no default here: a request without `max_results` is refused.
            max_results: page::size(req.max_results.map_or(0, |max| max.0))?,
            offset: page_token::decode_offset(req.page_token.as_deref().unwrap_or_default())?,
        })
    }
}

/// A page of experiments.
#[derive(Debug)]
pub(crate) struct ExperimentPage {
    pub(crate) experiments: Vec<Experiment>,
    /// How many rows the next page skips, if there is one.
    pub(crate) next_offset: Option<i64>,
}

impl From<ExperimentPage> for wire::SearchExperimentsResponse {
    fn from(page: ExperimentPage) -> Self {
        wire::SearchExperimentsResponse {
            experiments: page.experiments.into_iter().map(Into::into).collect(),
            next_page_token: page.next_offset.map(page_token::encode_offset),
        }
    }
}

/// A name of 1 to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExperimentName(String);

impl ExperimentName {
    fn parse(name: Option<String>, field: &str, columns: ColumnLimits) -> Result<Self, Invalid> {
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| Invalid::missing(field))?;
        text::check_length("name", MAX_NAME_CHARS, &name)?;
        columns.check(field, columns::EXPERIMENT_NAME, &name)?;
        Ok(ExperimentName(name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
