//! Which model, and which alias or stage of it, a policy is for.

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
    /// This stage, which is not `None`: every version begins there.
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

    /// One of the two, and not both.
    pub(super) fn of(alias: Option<String>, stage: Option<String>) -> Result<Self, Mistake> {
        match (alias, stage) {
            (Some(alias), None) => alias_target(alias),
            (None, Some(stage)) => stage_target(&stage),
            (Some(_), Some(_)) => {
                Err(Mistake::new("stage", "a policy is for an alias or for a stage, not for both"))
            }
            (None, None) => {
                Err(Mistake::new("alias", "the alias or stage that the policy is for is missing"))
            }
        }
    }
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
        Ok(Stage::None) | Err(_) => {
            let reason = format!("the stage is one of Staging, Production and Archived, not '{text}'");
            Err(Mistake::new("stage", reason))
        }
        Ok(stage) => Ok(Target::Stage(stage)),
    }
}
