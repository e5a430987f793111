//! The index of a repository of models.

/// A model, and whether it can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    /// As callers name it.
    pub name: String,
    /// Empty where it has none, or is not loaded yet.
    pub version: String,
    /// Whether it can answer.
    pub availability: Availability,
}

/// Whether a model can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Availability {
    /// It can.
    Ready,
    /// Not yet.
    Loading,
    /// No longer; with the reason.
    Unavailable(String),
}

impl IndexEntry {
    pub(super) fn is_ready(&self) -> bool {
        self.availability == Availability::Ready
    }

    /// The protocol's word.
    pub(super) fn state(&self) -> &'static str {
        match self.availability {
            Availability::Ready => "READY",
            Availability::Loading => "LOADING",
            Availability::Unavailable(_) => "UNAVAILABLE",
        }
    }

    /// Why it cannot answer, where that is known.
    pub(super) fn reason(&self) -> &str {
        match &self.availability {
            Availability::Unavailable(reason) => reason,
            Availability::Ready | Availability::Loading => "",
        }
    }
}
