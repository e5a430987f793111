//! Stages: what MLflow had before aliases, for those who still use them.

use forebay_core::invalid::Invalid;

/// Where a version stands. A deleted one stands at none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    None,
    Staging,
    Production,
    Archived,
}

impl Stage {
    pub(crate) const ALL: [Stage; 4] = [Stage::None, Stage::Staging, Stage::Production, Stage::Archived];

    /// Reads a stage, in any case.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let lower = text.to_lowercase();
        let found = Stage::ALL.into_iter().find(|stage| stage.as_str().to_lowercase() == lower);
        found.ok_or_else(|| {
            Invalid::message(format!(
                "Invalid Model Version stage: {text}. Value must be one of None, Staging, Production, Archived."
            ))
        })
    }

    /// As tables and answers write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Stage::None => "None",
            Stage::Staging => "Staging",
            Stage::Production => "Production",
            Stage::Archived => "Archived",
        }
    }

    /// Whether versions in it are in use, so that a new one can push them out.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Stage::Staging | Stage::Production)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_read_in_any_case() {
        assert_eq!(Stage::parse("pRoDuCtIoN").unwrap(), Stage::Production);
        let expected =
            "Invalid Model Version stage: x. Value must be one of None, Staging, Production, Archived.";
        assert_eq!(Stage::parse("x").unwrap_err().to_string(), expected);
        assert!(Stage::parse("Deleted_Internal").is_err());
    }
}
