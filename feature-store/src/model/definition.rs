//! Whatever people define, with one name per kind; feature views and on-demand views share theirs.

use super::entity::Entity;
use super::feature_service::FeatureService;
use super::feature_view::FeatureView;
use super::name::Name;
use super::on_demand_view::OnDemandView;

/// One definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Definition {
    Entity(Entity),
    FeatureView(FeatureView),
    OnDemandView(OnDemandView),
    FeatureService(FeatureService),
}

impl Definition {
    pub(crate) fn name(&self) -> &Name {
        match self {
            Definition::Entity(entity) => &entity.name,
            Definition::FeatureView(view) => &view.name,
            Definition::OnDemandView(view) => &view.name,
            Definition::FeatureService(service) => &service.name,
        }
    }
}
