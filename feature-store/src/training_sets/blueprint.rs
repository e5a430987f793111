//! What a training set is made of.

use serde_json::Value;

use crate::model::entity::Entity;
use crate::model::feature_service::FeatureService;
use crate::model::feature_view::FeatureView;
use crate::model::name::Name;
use crate::model::on_demand_view::OnDemandView;

/// A service and all that it refers to.
#[derive(Debug, Clone)]
pub struct Blueprint {
    pub(crate) service: FeatureService,
    pub(crate) service_version: i64,
    pub(crate) entities: Vec<Entity>,
    /// Those of the service's features and of the inputs of its on-demand views.
    pub(crate) views: Vec<FeatureView>,
    pub(crate) on_demand: Vec<OnDemandView>,
    /// All of these as they were given, for the manifest.
    pub(crate) definitions: Value,
}

impl Blueprint {
    pub(crate) fn entity(&self, name: &Name) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == *name)
    }
}
