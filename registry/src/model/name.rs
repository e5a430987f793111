//! The name of a registered model, and the number of a version under it.

use forebay_core::columns::{Column, ColumnLimits};
use forebay_core::invalid::Invalid;
use forebay_core::text;

const NAME: Column = Column::of(256);

/// A name that a registered model may have. Dots are ordinary characters of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ModelName(String);

impl ModelName {
    /// Reads the required field `name`.
    pub(crate) fn parse(name: Option<String>) -> Result<Self, Invalid> {
        Self::parse_field("name", name)
    }

    /// Reads the name that a model is to get, in the required field `field`.
    pub(crate) fn parse_new(
        field: &str,
        name: Option<String>,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let name = Self::parse_field(field, name)?;
        columns.check(field, NAME, &name.0)?;
        Ok(name)
    }

    fn parse_field(field: &str, name: Option<String>) -> Result<Self, Invalid> {
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| Invalid::missing(field))?;
        if name.trim().is_empty() {
            return Err(Invalid::message(format!("Missing value for required parameter '{field}'.")));
        }
        if name.contains(['/', ':']) {
            let why = format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.");
            return Err(Invalid::message(why));
        }
        text::check_path(&name, || "name".to_owned())?;
        Ok(ModelName(name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A version's place in the registry: the name of its model, and its number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionKey {
    pub(crate) name: String,
    /// ≥ 1 where there is such a version.
    pub(crate) version: i64,
}

impl VersionKey {
    /// Reads the required fields `name` and `version`.
    pub(crate) fn parse(name: Option<String>, version: Option<String>) -> Result<Self, Invalid> {
        let ModelName(name) = ModelName::parse(name)?;
        let version = version.filter(|version| !version.is_empty());
        let version = version.ok_or_else(|| Invalid::missing("version"))?;
        Ok(VersionKey { name, version: number(&version)? })
    }
}

impl VersionKey {
    /// The same where MLflow does not ask first whether the fields are there: what is missing is an empty text.
    pub(crate) fn parse_unchecked(name: Option<String>, version: Option<String>) -> Result<Self, Invalid> {
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| " ".to_owned());
        let ModelName(name) = ModelName::parse(Some(name))?;
        Ok(VersionKey { name, version: number(&version.unwrap_or_default())? })
    }
}

/// Reads the number of a version as Python's `int` does, but for underscores between digits.
fn number(text: &str) -> Result<i64, Invalid> {
    text.trim()
        .parse()
        .map_err(|_| Invalid::message(format!("Parameter 'version' must be an integer, got '{text}'.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        ModelName::parse(Some(name.to_owned())).unwrap_err().to_string()
    }

    #[test]
    fn dots_and_foreign_letters_are_part_of_a_name_and_slashes_and_colons_are_not() {
        for name in ["m", "catalog.schema.model", "modèle 1", "a'b\"c--"] {
            assert_eq!(ModelName::parse(Some(name.to_owned())).unwrap().as_str(), name);
        }
        for name in ["a/b", "models:", "/"] {
            assert_eq!(
                refusal(name),
                format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.")
            );
        }
        for name in [".", "..", "..a"] {
            assert!(refusal(name).contains("must not resolve to other names"), "{name}");
        }
        for name in ["", " ", "\t"] {
            assert!(refusal(name).starts_with("Missing value for required parameter 'name'."), "{name:?}");
        }
    }

    #[test]
    fn a_version_is_an_integer() {
        let parse = |version: &str| VersionKey::parse(Some("m".to_owned()), Some(version.to_owned()));
        assert_eq!(parse(" 7 ").unwrap().version, 7);
        for version in ["x", "1.0", "1 2"] {
            let expected = format!("Parameter 'version' must be an integer, got '{version}'.");
            assert_eq!(parse(version).unwrap_err().to_string(), expected);
        }
    }
}
