//! The kinds of definitions.

use std::fmt;
use std::str::FromStr;

use forebay_core::invalid::Invalid;

/// What a definition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Entity,
    FeatureView,
    OnDemandView,
    FeatureService,
}

impl Kind {
    /// In an order in which each refers to those before it alone.
    pub(crate) const ALL: [Kind; 4] =
        [Kind::Entity, Kind::FeatureView, Kind::OnDemandView, Kind::FeatureService];

    /// In messages and in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Entity => "entity",
            Kind::FeatureView => "feature_view",
            Kind::OnDemandView => "on_demand_view",
            Kind::FeatureService => "feature_service",
        }
    }

    /// The list of a file in which such definitions stand.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Kind::Entity => "entities",
            Kind::FeatureView => "feature_views",
            Kind::OnDemandView => "on_demand_views",
            Kind::FeatureService => "feature_services",
        }
    }

    /// Whether it has features, and so shares its names with the other kind that has.
    pub(crate) fn is_view(self) -> bool {
        matches!(self, Kind::FeatureView | Kind::OnDemandView)
    }
}

impl FromStr for Kind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| {
            let why = "kinds are entity, feature_view, on_demand_view and feature_service";
            Invalid::value("kind", text, why)
        })
    }
}

/// In sentences.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Entity => "entity",
            Kind::FeatureView => "feature view",
            Kind::OnDemandView => "on-demand view",
            Kind::FeatureService => "feature service",
        })
    }
}
