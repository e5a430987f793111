//! Whatever people define, with one name per kind; feature views and on-demand views share theirs.

use forebay_core::invalid::Invalid;
use forebay_wire::decode::decode_json;
use forebay_wire::feature_definitions as wire;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entity::Entity;
use super::feature_service::FeatureService;
use super::feature_view::FeatureView;
use super::kind::Kind;
use super::mistake::Mistake;
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

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Definition::Entity(_) => Kind::Entity,
            Definition::FeatureView(_) => Kind::FeatureView,
            Definition::OnDemandView(_) => Kind::OnDemandView,
            Definition::FeatureService(_) => Kind::FeatureService,
        }
    }

    /// As it is kept in the database: the message of its kind.
    pub(crate) fn to_stored(&self) -> String {
        match self {
            Definition::Entity(entity) => json(&wire::Entity::from(entity)),
            Definition::FeatureView(view) => json(&wire::FeatureView::from(view)),
            Definition::OnDemandView(view) => json(&wire::OnDemandView::from(view)),
            Definition::FeatureService(service) => json(&wire::FeatureService::from(service)),
        }
    }

    /// What [`Definition::to_stored`] wrote.
    ///
    /// # Errors
    /// Somebody else wrote it.
    pub(crate) fn from_stored(kind: Kind, stored: &str) -> Result<Self, Invalid> {
        match kind {
            Kind::Entity => read::<wire::Entity, _>(stored).map(Definition::Entity),
            Kind::FeatureView => read::<wire::FeatureView, _>(stored).map(Definition::FeatureView),
            Kind::OnDemandView => read::<wire::OnDemandView, _>(stored).map(Definition::OnDemandView),
            Kind::FeatureService => read::<wire::FeatureService, _>(stored).map(Definition::FeatureService),
        }
    }
}

fn json(message: &impl Serialize) -> String {
    // A message of texts, numbers, lists and maps is always JSON.
    serde_json::to_string(message).unwrap_or_default()
}

fn read<M, D>(stored: &str) -> Result<D, Invalid>
where
    M: DeserializeOwned + Default,
    D: TryFrom<M, Error = Mistake>,
{
    let message: M = decode_json(stored.as_bytes()).map_err(|error| Invalid::message(error.to_string()))?;
    D::try_from(message).map_err(|mistake| Invalid::message(mistake.to_string()))
}

/// The message of several definitions, each kind in the order in which they are given.
pub(crate) fn message<'a>(definitions: impl IntoIterator<Item = &'a Definition>) -> wire::FeatureDefinitions {
    let mut message = wire::FeatureDefinitions::default();
    for definition in definitions {
        match definition {
            Definition::Entity(entity) => message.entities.push(entity.into()),
            Definition::FeatureView(view) => message.feature_views.push(view.into()),
            Definition::OnDemandView(view) => message.on_demand_views.push(view.into()),
            Definition::FeatureService(service) => message.feature_services.push(service.into()),
        }
    }
    message
}
