//! Lifecycle stages, and which of them a listing shows.

use forebay_wire::enumeration::ViewType;

/// Whether an experiment, run or logged model is in use or marked deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    Active,
    Deleted,
}

impl Lifecycle {
    /// The text in the database and on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Lifecycle::Active => "active",
            Lifecycle::Deleted => "deleted",
        }
    }
}

/// The `run_view_type` and `view_type` of searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum View {
    #[default]
    ActiveOnly,
    DeletedOnly,
    All,
}

impl From<ViewType> for View {
    fn from(view: ViewType) -> Self {
        match view {
            ViewType::ActiveOnly => View::ActiveOnly,
            ViewType::DeletedOnly => View::DeletedOnly,
            ViewType::All => View::All,
        }
    }
}

impl View {
    /// The stages that are shown.
    pub(crate) fn stages(self) -> &'static [Lifecycle] {
        match self {
            View::ActiveOnly => &[Lifecycle::Active],
            View::DeletedOnly => &[Lifecycle::Deleted],
            View::All => &[Lifecycle::Active, Lifecycle::Deleted],
        }
    }
}
