//! A feature service with all that its features come from: what a training set is built from.

use std::collections::BTreeSet;

use forebay_core::invalid::Invalid;

use super::catalog::{Catalog, View};
use super::find::get;
use crate::model::definition::Definition;
use crate::model::feature_service::FeatureService;
use crate::model::kind::Kind;
use crate::model::name::Name;
use crate::model::requests::Which;
use crate::sql::feature_definitions;
use crate::{Error, Features, Result};

/// A service, and what it needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Serviced {
    pub(crate) version: i64,
    /// Entities, feature views, on-demand views, and in the end the service.
    pub(crate) definitions: Vec<Definition>,
}

impl Features {
    /// A version of a feature service, with what its features come from as that is now.
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::Invalid`] for an earlier version whose features are not there any more.
    pub(crate) async fn service(&self, which: &Which) -> Result<Serviced> {
        let mut tx = self.db.read().await?;
        let kept = get(&mut tx, Kind::FeatureService, which).await?;
        let Some(Definition::FeatureService(service)) = kept.definition else {
            return Err(Error::not_found(which));
        };
        let mut catalog = Catalog::of(feature_definitions::list(&mut tx, None).await?);
        catalog.put(Definition::FeatureService(service.clone()));
        let definition = Definition::FeatureService(service.clone());
        catalog.check(&definition).map_err(|mistake| {
            let (name, version) = (&which.name, kept.version);
            let reason = mistake.reason;
            Invalid::message(format!(
                "Version {version} of feature service '{name}' cannot be used: {reason}"
            ))
        })?;
        Ok(Serviced { version: kept.version, definitions: needed(&catalog, &service) })
    }
}

/// All that a service that was checked needs, each once.
fn needed(catalog: &Catalog, service: &FeatureService) -> Vec<Definition> {
    let mut names: BTreeSet<(Kind, &Name)> = BTreeSet::from([(Kind::FeatureService, &service.name)]);
    for reference in &service.features {
        match catalog.find_view(&reference.view) {
            Some(View::Feature(view)) => {
                names.insert((Kind::FeatureView, &view.name));
            }
            Some(View::OnDemand(view)) => {
                names.insert((Kind::OnDemandView, &view.name));
                names.extend(view.inputs.iter().map(|input| (Kind::FeatureView, &input.view)));
            }
            None => {}
        }
    }
    let used = catalog.feature_views().filter(|view| names.contains(&(Kind::FeatureView, &view.name)));
    let entities: Vec<&Name> = used.flat_map(|view| &view.entities).collect();
    names.extend(entities.into_iter().map(|name| (Kind::Entity, name)));
    names.into_iter().filter_map(|(kind, name)| catalog.find(kind, name)).cloned().collect()
}
