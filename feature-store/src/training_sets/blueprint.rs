//! What a training set is made of.

use forebay_core::invalid::Invalid;
use forebay_wire::features::{ApplyFeatures, ServiceDefinitions};
use serde_json::Value;

use super::manifest::Manifest;
use crate::definitions::catalog::Catalog;
use crate::model::definition::{Definition, message};
use crate::model::entity::Entity;
use crate::model::feature_service::FeatureService;
use crate::model::feature_view::FeatureView;
use crate::model::given;
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
    /// Reads what a server answers when it is asked for a service with all that it needs.
    ///
    /// # Errors
    /// Definitions that do not fit each other, or of another number of services than one.
    pub fn read(answer: ServiceDefinitions) -> Result<Self, Invalid> {
        let definitions = answer.definitions.ok_or_else(|| Invalid::missing("definitions"))?;
        // A message of texts, numbers, lists and maps is always JSON.
        let json = serde_json::to_value(&definitions).unwrap_or_default();
        let given =
            given::read(ApplyFeatures { definitions: Some(definitions), ..ApplyFeatures::default() })?;
        let mut catalog = Catalog::default();
        for given in &given {
            catalog.put(given.definition.clone());
        }
        given
            .iter()
            .try_for_each(|it| catalog.check(&it.definition).map_err(|mistake| it.at.tell(&mistake)))?;
        let version = answer.version.map_or(1, |version| version.0);
        Blueprint::of_catalog(version, &catalog, json)
    }

    /// A version of a service with all that it needs, which fit each other.
    ///
    /// # Errors
    /// Another number of services than one.
    pub(crate) fn of(version: i64, definitions: Vec<Definition>) -> Result<Self, Invalid> {
        // A message of texts, numbers, lists and maps is always JSON.
        let json = serde_json::to_value(message(&definitions)).unwrap_or_default();
        let mut catalog = Catalog::default();
        for definition in definitions {
            catalog.put(definition);
        }
        Blueprint::of_catalog(version, &catalog, json)
    }

    fn of_catalog(version: i64, catalog: &Catalog, definitions: Value) -> Result<Self, Invalid> {
        let mut services = catalog.services();
        let (Some(service), None) = (services.next(), services.next()) else {
            return Err(Invalid::message("A training set has the features of one feature service."));
        };
        Ok(Blueprint {
            service: service.clone(),
            service_version: version,
            entities: catalog.entities().cloned().collect(),
            views: catalog.feature_views().cloned().collect(),
            on_demand: catalog.on_demand_views().cloned().collect(),
            definitions,
        })
    }

    /// What a training set was made from. `service` is the one whose manifest it should be, where that is said.
    ///
    /// # Errors
    /// Somebody else wrote the manifest, or it is of another service.
    pub fn of_manifest(manifest: &Manifest, service: Option<&str>) -> Result<Self, Invalid> {
        let definitions = serde_json::from_value(manifest.definitions.clone());
        let unreadable =
            |error| Invalid::message(format!("The definitions of the manifest cannot be read: {error}"));
        let read = Blueprint::read(ServiceDefinitions {
            name: Some(manifest.service.name.clone()),
            version: Some(manifest.service.version.into()),
            definitions: Some(definitions.map_err(unreadable)?),
        })?;
        let name = read.service.name.as_str();
        if let Some(other) = service.filter(|other| *other != name) {
            let why = format!("the manifest is of the service '{name}', and not of '{other}'");
            return Err(Invalid::message(why));
        }
        // They are hashed as they were given.
        Ok(Blueprint { definitions: manifest.definitions.clone(), ..read })
    }

    /// The addresses of its tables.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &str> {
        self.views.iter().map(|view| view.source.as_str())
    }

    pub(crate) fn entity(&self, name: &Name) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == *name)
    }
}
