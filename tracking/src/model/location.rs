//! Where artifacts are kept: the URIs of experiments, runs and logged models.

/// An artifact location that a caller chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArtifactLocation(String);

impl ArtifactLocation {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
