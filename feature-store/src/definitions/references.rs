//! Whether what a definition names is there, and fits.

use std::collections::BTreeMap;

use forebay_core::nearest::did_you_mean;

use super::catalog::{Catalog, View};
use crate::model::definition::Definition;
use crate::model::feature_service::FeatureService;
use crate::model::feature_view::FeatureView;
use crate::model::kind::Kind;
use crate::model::mistake::Mistake;
use crate::model::name::Name;
use crate::model::on_demand_view::OnDemandView;
use crate::model::value_type::ValueType;

impl Catalog {
    /// Checks a definition of this catalogue against the others.
    pub(crate) fn check(&self, definition: &Definition) -> Result<(), Mistake> {
        match definition {
            Definition::Entity(_) => Ok(()),
            Definition::FeatureView(view) => self.check_feature_view(view),
            Definition::OnDemandView(view) => self.check_on_demand_view(view),
            Definition::FeatureService(service) => self.check_service(service),
        }
    }

    fn check_feature_view(&self, view: &FeatureView) -> Result<(), Mistake> {
        self.check_view_name(&view.name, Kind::OnDemandView)?;
        let mut keys: BTreeMap<&Name, &Name> = BTreeMap::new();
        for (index, name) in view.entities.iter().enumerate() {
            let wrong = |reason| Mistake::new(format!("entities[{index}]"), reason);
            for key in &self.entity(name).map_err(wrong)?.keys {
                if let Some(other) = keys.insert(&key.name, name) {
                    return Err(wrong(format!(
                        "entities '{other}' and '{name}' both have a key '{}'",
                        key.name
                    )));
                }
            }
        }
        for (key, _) in &view.key_columns {
            if !keys.contains_key(key) {
                let hint = did_you_mean(key.as_str(), keys.keys().map(|key| key.as_str()));
                let reason = format!("'{key}' is no key of the view's entities{hint}");
                return Err(Mistake::new(format!("key_columns.{key}"), reason));
            }
        }
        for (index, feature) in view.features.iter().enumerate() {
            if let Some(entity) = keys.get(&feature.name) {
                let reason = format!("feature '{}' has the name of a key of entity '{entity}'", feature.name);
                return Err(Mistake::new(format!("features[{index}].name"), reason));
            }
        }
        Ok(())
    }

    fn check_on_demand_view(&self, view: &OnDemandView) -> Result<(), Mistake> {
        self.check_view_name(&view.name, Kind::FeatureView)?;
        for (index, input) in view.inputs.iter().enumerate() {
            let wrong = |reason| Mistake::new(format!("inputs[{index}]"), reason);
            if let (View::OnDemand(other), _) = self.resolve(input).map_err(wrong)? {
                let reason = format!(
                    "inputs are features of feature views, and '{}' is an on-demand view",
                    other.name
                );
                return Err(wrong(reason));
            }
        }
        Ok(())
    }

    /// Views of both kinds are named alike in references.
    fn check_view_name(&self, name: &Name, other: Kind) -> Result<(), Mistake> {
        if self.find(other, name).is_none() {
            return Ok(());
        }
        Err(Mistake::new(
            "name",
            format!("views of both kinds share their names, and there is the {other} '{name}' already"),
        ))
    }

    /// A feature becomes a column beside those of the spine, so neither two of them nor one of each have one name.
    fn check_service(&self, service: &FeatureService) -> Result<(), Mistake> {
        let mut spine = Spine::default();
        for (index, reference) in service.features.iter().enumerate() {
            let wrong = |reason| Mistake::new(format!("features[{index}]"), reason);
            match self.resolve(reference).map_err(wrong)?.0 {
                View::Feature(view) => spine.add_keys(self, view),
                View::OnDemand(view) => spine.add_request(self, view),
            }
            .map_err(wrong)?;
        }
        for (index, reference) in service.features.iter().enumerate() {
            if let Some((_, whose)) = spine.0.get(&reference.feature) {
                let reason = format!("'{reference}' would be a column of the same name as {whose}");
                return Err(Mistake::new(format!("features[{index}]"), reason));
            }
        }
        Ok(())
    }
}

/// The columns that a service needs of a spine: their types, and who needs them.
#[derive(Default)]
struct Spine<'a>(BTreeMap<&'a Name, (&'a ValueType, String)>);

impl<'a> Spine<'a> {
    fn add_keys(&mut self, catalog: &'a Catalog, view: &'a FeatureView) -> Result<(), String> {
        catalog.keys(view).try_for_each(|key| {
            self.add(&key.name, &key.kind, format!("key '{}' of feature view '{}'", key.name, view.name))
        })
    }

    fn add_request(&mut self, catalog: &'a Catalog, view: &'a OnDemandView) -> Result<(), String> {
        for (name, kind) in &view.request {
            self.add(name, kind, format!("request value '{name}' of on-demand view '{}'", view.name))?;
        }
        for input in &view.inputs {
            if let Ok((View::Feature(view), _)) = catalog.resolve(input) {
                self.add_keys(catalog, view)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &'a Name, kind: &'a ValueType, whose: String) -> Result<(), String> {
        match self.0.get(name) {
            Some((other, theirs)) if *other != kind => Err(format!(
                "{theirs} is of type {other}, but {whose} is of type {kind}, and both are one column of the spine"
            )),
            Some(_) => Ok(()),
            None => {
                self.0.insert(name, (kind, whose));
                Ok(())
            }
        }
    }
}
