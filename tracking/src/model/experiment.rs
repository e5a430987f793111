//! Experiments: a name, a place for artifacts, and the runs that belong together.

use std::fmt;

use forebay_core::invalid::Invalid;
use forebay_wire as wire;

use super::lifecycle::Lifecycle;
use super::location::ArtifactLocation;
use super::tag::Tag;
use super::text;

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 500;

/// The id of an experiment, ≥ 0; on the wire a decimal string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExperimentId(pub(crate) i64);

impl ExperimentId {
    /// The experiment "Default", where runs without one go.
    pub(crate) const DEFAULT: ExperimentId = ExperimentId(0);

    /// Reads the decimal string of a request.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        text.trim().parse().map(ExperimentId).map_err(|_| {
            Invalid::message(format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."))
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

/// An experiment to be created.
#[derive(Debug)]
pub(crate) struct NewExperiment {
    pub(crate) name: ExperimentName,
    pub(crate) artifact_location: Option<ArtifactLocation>,
    /// In the order of the request; of two with one key the last counts.
    pub(crate) tags: Vec<Tag>,
}

/// A name of 1 to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExperimentName(String);

impl ExperimentName {
    pub(crate) fn parse(name: Option<String>, field: &str) -> Result<Self, Invalid> {
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| Invalid::missing(field))?;
        text::check_length("name", MAX_NAME_CHARS, &name)?;
        Ok(ExperimentName(name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
