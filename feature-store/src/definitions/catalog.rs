//! All definitions as they are, or as they would be: where one finds what another names.

use std::collections::BTreeMap;

use forebay_core::nearest::did_you_mean;

use crate::model::definition::Definition;
use crate::model::entity::{Entity, Key};
use crate::model::feature_service::FeatureService;
use crate::model::feature_view::FeatureView;
use crate::model::kept::Kept;
use crate::model::kind::Kind;
use crate::model::name::Name;
use crate::model::on_demand_view::OnDemandView;
use crate::model::reference::Reference;
use crate::model::value_type::ValueType;

/// Definitions by kind and name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog(BTreeMap<(Kind, Name), Definition>);

/// Something with features.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'a> {
    Feature(&'a FeatureView),
    OnDemand(&'a OnDemandView),
}

impl<'a> View<'a> {
    fn feature_type(self, name: &Name) -> Option<&'a ValueType> {
        match self {
            View::Feature(view) => view.feature(name).map(|feature| &feature.kind),
            View::OnDemand(view) => view.feature(name).map(|feature| &feature.kind),
        }
    }

    fn kind(self) -> Kind {
        match self {
            View::Feature(_) => Kind::FeatureView,
            View::OnDemand(_) => Kind::OnDemandView,
        }
    }

    fn feature_names(self) -> Vec<&'a str> {
        match self {
            View::Feature(view) => view.features.iter().map(|feature| feature.name.as_str()).collect(),
            View::OnDemand(view) => view.features.iter().map(|feature| feature.name.as_str()).collect(),
        }
    }
}

impl Catalog {
    /// Those of what is kept that are in force.
    pub(crate) fn of(kept: impl IntoIterator<Item = Kept>) -> Self {
        let mut catalog = Catalog::default();
        for definition in kept.into_iter().filter_map(|kept| kept.definition) {
            catalog.put(definition);
        }
        catalog
    }

    /// Adds a definition, or puts it in the place of the one of its kind and name.
    pub(crate) fn put(&mut self, definition: Definition) {
        self.0.insert((definition.kind(), definition.name().clone()), definition);
    }

    pub(crate) fn find(&self, kind: Kind, name: &Name) -> Option<&Definition> {
        self.0.get(&(kind, name.clone()))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Definition> {
        self.0.values()
    }

    pub(crate) fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.all().filter_map(|definition| match definition {
            Definition::Entity(entity) => Some(entity),
            _ => None,
        })
    }

    pub(crate) fn feature_views(&self) -> impl Iterator<Item = &FeatureView> {
        self.all().filter_map(|definition| match definition {
            Definition::FeatureView(view) => Some(view),
            _ => None,
        })
    }

    pub(crate) fn on_demand_views(&self) -> impl Iterator<Item = &OnDemandView> {
        self.all().filter_map(|definition| match definition {
            Definition::OnDemandView(view) => Some(view),
            _ => None,
        })
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = &FeatureService> {
        self.all().filter_map(|definition| match definition {
            Definition::FeatureService(service) => Some(service),
            _ => None,
        })
    }

    /// An entity, or why there is none.
    pub(crate) fn entity(&self, name: &Name) -> Result<&Entity, String> {
        if let Some(Definition::Entity(entity)) = self.find(Kind::Entity, name) {
            return Ok(entity);
        }
        let names = self.entities().map(|entity| entity.name.as_str());
        Err(format!("there is no entity '{name}'{}", did_you_mean(name.as_str(), names)))
    }

    /// The view of that name, be it of either kind.
    pub(crate) fn find_view(&self, name: &Name) -> Option<View<'_>> {
        match (self.find(Kind::FeatureView, name), self.find(Kind::OnDemandView, name)) {
            (Some(Definition::FeatureView(view)), _) => Some(View::Feature(view)),
            (_, Some(Definition::OnDemandView(view))) => Some(View::OnDemand(view)),
            _ => None,
        }
    }

    /// The view and the type of a feature, or why there is none.
    pub(crate) fn resolve(&self, reference: &Reference) -> Result<(View<'_>, &ValueType), String> {
        let Reference { view: name, feature } = reference;
        let Some(view) = self.find_view(name) else {
            let views = self.feature_views().map(|view| view.name.as_str());
            let names = views.chain(self.on_demand_views().map(|view| view.name.as_str()));
            return Err(format!("there is no view '{name}'{}", did_you_mean(name.as_str(), names)));
        };
        view.feature_type(feature).map(|kind| (view, kind)).ok_or_else(|| {
            let hint = did_you_mean(feature.as_str(), view.feature_names());
            format!("{} '{name}' has no feature '{feature}'{hint}", view.kind())
        })
    }

    /// The keys of a view, of all its entities together; those alone that are there.
    pub(crate) fn keys<'a>(&'a self, view: &'a FeatureView) -> impl Iterator<Item = &'a Key> {
        view.entities.iter().filter_map(|name| self.entity(name).ok()).flat_map(|entity| &entity.keys)
    }
}
