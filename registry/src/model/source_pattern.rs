//! The operator's own rule for sources of versions (`MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX`).

use fancy_regex::{Regex, RegexBuilder};
use forebay_core::invalid::Invalid;

/// Steps back that one search may take: a pattern that needs more does not match.
const MAX_STEPS: usize = 100_000;

/// A regular expression that is to be found somewhere in a source.
#[derive(Debug, Clone)]
pub struct SourcePattern(Regex);

impl SourcePattern {
    /// Reads a pattern in Python's syntax, as far as it is also that of the crate `fancy-regex`.
    ///
    /// # Errors
    /// A pattern that it does not understand.
    pub fn new(pattern: &str) -> Result<Self, fancy_regex::Error> {
        RegexBuilder::new(pattern).backtrack_limit(MAX_STEPS).build().map(SourcePattern)
    }

    /// Refuses a source in which the pattern is not found.
    pub(crate) fn check(&self, source: &str) -> Result<(), Invalid> {
        if self.0.is_match(source).unwrap_or(false) {
            return Ok(());
        }
        Err(Invalid::message(format!("Invalid model version source: '{source}'.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_searched_for_and_not_matched_whole() {
        let pattern = SourcePattern::new("^mlflow-artifacts:/(?!private)").unwrap();
        assert!(pattern.check("mlflow-artifacts:/1/x").is_ok());
        for source in ["s3://b/mlflow-artifacts:/1", "mlflow-artifacts:/private/x"] {
            let expected = format!("Invalid model version source: '{source}'.");
            assert_eq!(pattern.check(source).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_search_without_end_is_no_match() {
        let pattern = SourcePattern::new("^(?=(a+)+$)b").unwrap();
        assert!(pattern.check(&format!("{}!", "a".repeat(400))).is_err());
    }
}
