//! Aliases: names that stand for one version of a model.

use forebay_core::columns::{Column, ColumnLimits};
use forebay_core::invalid::Invalid;
use forebay_core::text;
use forebay_wire::registered_models as wire;

use super::name::{ModelName, VersionKey};

const MAX_CHARS: usize = 255;
const ALIAS: Column = Column::of(256);
const LATEST: &str = "latest";

/// A name that stands for one version of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) alias: String,
    pub(crate) version: i64,
}

/// The alias of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AliasKey {
    pub(crate) name: String,
    pub(crate) alias: String,
}

impl AliasKey {
    /// Whether it stands for the version with the highest number, without having been set.
    pub(crate) fn is_latest(&self) -> bool {
        self.alias.to_lowercase() == LATEST
    }
}

/// Sets an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetAlias {
    pub(crate) version: VersionKey,
    pub(crate) alias: String,
}

impl SetAlias {
    pub(crate) fn from_wire(
        req: wire::SetRegisteredModelAlias,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let alias = parse(req.alias)?;
        check_settable(&alias)?;
        columns.check("alias", ALIAS, &alias)?;
        Ok(SetAlias { version: VersionKey::parse(req.name, req.version)?, alias })
    }
}

impl TryFrom<wire::NamedAlias> for AliasKey {
    type Error = Invalid;

    fn try_from(req: wire::NamedAlias) -> Result<Self, Invalid> {
        let name = ModelName::parse(req.name)?.as_str().to_owned();
        Ok(AliasKey { name, alias: parse(req.alias)? })
    }
}

/// Reads the required field `alias`.
pub(crate) fn parse(alias: Option<String>) -> Result<String, Invalid> {
    let alias = alias.filter(|alias| !alias.is_empty()).ok_or_else(|| Invalid::missing("alias"))?;
    if !alias.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        return Err(Invalid::message(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    text::check_length("Registered model alias name", MAX_CHARS, &alias)?;
    Ok(alias)
}

/// Refuses the names that stand for versions already.
pub(crate) fn check_settable(alias: &str) -> Result<(), Invalid> {
    if alias.to_lowercase() == LATEST {
        return Err(Invalid::message("'latest' alias name (case insensitive) is reserved."));
    }
    let number = alias.strip_prefix(['v', 'V']);
    if number.is_some_and(|number| !number.is_empty() && number.chars().all(char::is_numeric)) {
        return Err(Invalid::message(format!("Version alias name '{alias}' is reserved.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stand_for_versions_already_cannot_be_set() {
        for alias in ["latest", "LATEST", "v1", "V22"] {
            assert!(check_settable(alias).is_err(), "{alias}");
        }
        for alias in ["v", "v1a", "champion", "latest-1"] {
            assert!(check_settable(alias).is_ok(), "{alias}");
        }
    }

    #[test]
    fn an_alias_has_letters_digits_underscores_and_dashes() {
        for alias in ["a", "café_1-x", "v1"] {
            assert_eq!(parse(Some(alias.to_owned())).unwrap(), alias);
        }
        for alias in ["a b", "a.b", "a/b", "a\n", "@"] {
            let error = parse(Some(alias.to_owned())).unwrap_err().to_string();
            assert!(error.starts_with(&format!("Invalid alias name: '{alias}'.")), "{error}");
        }
        assert!(parse(Some("a".repeat(256))).unwrap_err().to_string().contains("255 characters"));
    }
}
