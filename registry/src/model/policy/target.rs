//! Which model, and which alias or stage of it, a policy is for.

use std::fmt;

use forebay_core::invalid::Invalid;

use super::{Mistake, check_text};
use crate::model::alias;
use crate::model::name::ModelName;
use crate::model::stage::Stage;

/// Longest name of a model, in characters.
const MAX_NAME_CHARS: usize = 256;

/// What a policy guards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// This alias of the model.
    Alias(String),
    /// This stage. Policies are for Staging and Production: what is archived is out of use.
    Stage(Stage),
}

impl Target {
    /// What the version that it stands for now may be called in a condition; first the usual name.
    pub(super) fn holders(&self) -> Vec<String> {
        match self {
            Target::Alias(alias) => vec![alias.clone()],
            Target::Stage(stage) => vec![stage.as_str().to_owned(), stage.as_str().to_lowercase()],
        }
    }

    /// Reads the one of the fields `alias` and `stage` that a request has to give.
    pub(crate) fn parse(alias: Option<String>, stage: Option<String>) -> Result<Self, Invalid> {
        Ok(Self::of(given(alias), given(stage))?)
    }

    /// The same, where a request may give neither.
    pub(crate) fn parse_any(alias: Option<String>, stage: Option<String>) -> Result<Option<Self>, Invalid> {
        match (given(alias), given(stage)) {
            (None, None) => Ok(None),
            // It has no policy, but a history.
            (None, Some(stage)) if Stage::parse(&stage).is_ok_and(|stage| stage == Stage::Archived) => {
                Ok(Some(Target::Stage(Stage::Archived)))
            }
            (alias, stage) => Self::parse(alias, stage).map(Some),
        }
    }

    /// The alias or the stage, as messages give them.
    pub(crate) fn into_parts(self) -> (Option<String>, Option<String>) {
        match self {
            Target::Alias(alias) => (Some(alias), None),
            Target::Stage(stage) => (None, Some(stage.as_str().to_owned())),
        }
    }

    /// As it is kept in the database.
    pub(crate) fn to_stored(&self) -> String {
        match self {
            Target::Alias(alias) => format!("alias:{alias}"),
            Target::Stage(stage) => format!("stage:{}", stage.as_str()),
        }
    }

    /// What [`Target::to_stored`] wrote.
    pub(crate) fn from_stored(stored: &str) -> Option<Self> {
        match stored.split_once(':')? {
            ("alias", alias) => Some(Target::Alias(alias.to_owned())),
            ("stage", stage) => Stage::parse(stage).ok().map(Target::Stage),
            _ => None,
        }
    }

    /// One of the two, and not both.
    pub(super) fn of(alias: Option<String>, stage: Option<String>) -> Result<Self, Mistake> {
        match (alias, stage) {
            (Some(alias), None) => alias_target(alias),
            (None, Some(stage)) => stage_target(&stage),
            (Some(_), Some(_)) => {
                Err(Mistake::new("stage", "it is for an alias or for a stage, not for both"))
            }
            (None, None) => Err(Mistake::new("alias", "the alias or stage is missing")),
        }
    }
}

/// As messages speak of it: `alias 'champion'`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Alias(alias) => write!(f, "alias '{alias}'"),
            Target::Stage(stage) => write!(f, "stage '{}'", stage.as_str()),
        }
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The required name of a registered model.
pub(super) fn model_name(name: Option<String>) -> Result<String, Mistake> {
    let name = name.filter(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| Mistake::new("name", "the name of the model is missing"))?;
    check_text("name", MAX_NAME_CHARS, &name)?;
    let name = ModelName::parse(Some(name)).map_err(|error| Mistake::new("name", error.to_string()))?;
    Ok(name.as_str().to_owned())
}

fn alias_target(text: String) -> Result<Target, Mistake> {
    if text.is_empty() {
        return Err(Mistake::new("alias", "the alias is empty"));
    }
    let checked = alias::parse(Some(text)).and_then(|text| alias::check_settable(&text).map(|()| text));
    checked.map(Target::Alias).map_err(|error| Mistake::new("alias", error.to_string()))
}

fn stage_target(text: &str) -> Result<Target, Mistake> {
    match Stage::parse(text) {
        Ok(Stage::None | Stage::Archived) | Err(_) => {
            let reason = format!("the stage is Staging or Production, not '{text}'");
            Err(Mistake::new("stage", reason))
        }
        Ok(stage) => Ok(Target::Stage(stage)),
    }
}
