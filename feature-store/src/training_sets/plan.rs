//! From definitions to columns: which are read, by which keys they are joined, and what comes out, before any row is read.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};

use super::blueprint::Blueprint;
use super::computing::Computing;
use super::error::Error;
use crate::join::side::{Holding, Rules};
use crate::model::entity::Key;
use crate::model::expectation::Rule;
use crate::model::feature_view::{Feature, FeatureView, Holds, KnownAt};
use crate::model::name::Name;
use crate::model::on_demand_view::OnDemandView;
use crate::model::reference::Reference;
use crate::model::span::Span;

/// What is joined to what.
pub(crate) struct Plan {
    /// Each list of keys by which views are joined.
    pub(crate) keys: Vec<Vec<Key>>,
    pub(crate) views: Vec<ViewPlan>,
    pub(crate) computed: Vec<ComputedPlan>,
    /// The features of the service, in its order.
    pub(crate) outputs: Vec<Source>,
}

/// A table of features.
pub(crate) struct ViewPlan {
    pub(crate) view: FeatureView,
    /// Which list of keys it has.
    pub(crate) keys: usize,
    /// Columns of its table with the keys.
    pub(crate) key_columns: Vec<String>,
    pub(crate) until: Option<String>,
    pub(crate) rules: Rules,
    /// Features that are needed, and behind them those that are only watched.
    pub(crate) features: Vec<Feature>,
    pub(crate) n_needed: usize,
}

/// An on-demand view.
pub(crate) struct ComputedPlan {
    pub(crate) view: OnDemandView,
    /// Where its inputs are.
    pub(crate) inputs: Vec<(Name, Source)>,
    pub(crate) computing: Computing,
}

/// Where the values of a feature come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    View { view: usize, feature: usize },
    Computed { view: usize, feature: usize },
}

impl Plan {
    pub(crate) fn of(blueprint: &Blueprint) -> Result<Self, Error> {
        let (keys, views, computed) = (Vec::new(), Vec::new(), Vec::new());
        let mut plan = Plan { keys, views, computed, outputs: Vec::new() };
        for reference in &blueprint.service.features {
            let source = plan.source(blueprint, reference)?;
            plan.outputs.push(source);
        }
        for view in &mut plan.views {
            view.watch();
        }
        Ok(plan)
    }

    /// Where a feature comes from, planned if it is not yet.
    fn source(&mut self, blueprint: &Blueprint, reference: &Reference) -> Result<Source, Error> {
        let unknown = || Error::Definitions(format!("there is no feature '{reference}'"));
        let Some(on_demand) = blueprint.on_demand.iter().find(|view| view.name == reference.view) else {
            return self.read(blueprint, reference);
        };
        let position = on_demand.features.iter().position(|feature| feature.name == reference.feature);
        let feature = position.ok_or_else(unknown)?;
        let planned = self.computed.iter().position(|plan| plan.view.name == on_demand.name);
        let view = match planned {
            Some(view) => view,
            None => self.compute(blueprint, on_demand)?,
        };
        Ok(Source::Computed { view, feature })
    }

    fn compute(&mut self, blueprint: &Blueprint, view: &OnDemandView) -> Result<usize, Error> {
        let mut inputs = Vec::new();
        for reference in &view.inputs {
            inputs.push((reference.feature.clone(), self.read(blueprint, reference)?));
        }
        let kind =
            |(name, source): &(Name, Source)| Some((name.clone(), self.feature(*source)?.kind.clone()));
        let computing = Computing::of(view, &inputs.iter().filter_map(kind).collect())?;
        self.computed.push(ComputedPlan { view: view.clone(), inputs, computing });
        Ok(self.computed.len() - 1)
    }

    fn read(&mut self, blueprint: &Blueprint, reference: &Reference) -> Result<Source, Error> {
        let unknown = || Error::Definitions(format!("there is no feature '{reference}'"));
        let planned = self.views.iter().position(|plan| plan.view.name == reference.view);
        let view = if let Some(view) = planned {
            view
        } else {
            let found = blueprint.views.iter().find(|view| view.name == reference.view);
            let plan = self.view(blueprint, found.ok_or_else(unknown)?)?;
            self.views.push(plan);
            self.views.len() - 1
        };
        let feature = self.views[view].need(&reference.feature).ok_or_else(unknown)?;
        Ok(Source::View { view, feature })
    }

    fn view(&mut self, blueprint: &Blueprint, view: &FeatureView) -> Result<ViewPlan, Error> {
        let mut keys: Vec<Key> = Vec::new();
        for name in &view.entities {
            let missing = || Error::Definitions(format!("view '{}': there is no entity '{name}'", view.name));
            let entity = blueprint.entity(name).ok_or_else(missing)?;
            // No two entities of a view have a key of one name: the catalogue has seen to it.
            keys.extend(entity.keys.iter().cloned());
        }
        let key_columns = keys.iter().map(|key| view.key_column(&key.name).to_owned()).collect();
        let known = self.keys.iter().position(|known| *known == keys);
        let keys = known.unwrap_or_else(|| {
            self.keys.push(keys);
            self.keys.len() - 1
        });
        let (holds, until) = match &view.holds {
            Holds::Since { ttl, .. } => (Holding::Since { ttl: ttl.map(Span::micros) }, None),
            Holds::Between { to, .. } => (Holding::Between, Some(to.clone())),
        };
        let rules = Rules { holds, known_when_created: view.known_at == KnownAt::CreatedTime };
        if rules.known_when_created && view.created_time.is_none() {
            let why = format!(
                "view '{}': rows are known when they were created, and no column says when",
                view.name
            );
            return Err(Error::Definitions(why));
        }
        let (view, features) = (view.clone(), Vec::new());
        Ok(ViewPlan { view, keys, key_columns, until, rules, features, n_needed: 0 })
    }

    /// A feature that is read.
    fn feature(&self, source: Source) -> Option<&Feature> {
        match source {
            Source::View { view, feature } => Some(&self.views[view].features[feature]),
            Source::Computed { .. } => None,
        }
    }

    /// What comes out: the spine's columns and the features of the service.
    pub(crate) fn output(&self, spine: &Schema) -> Result<SchemaRef, Error> {
        let nullable = |field: &FieldRef| Arc::new(field.as_ref().clone().with_nullable(true));
        let mut fields: Vec<FieldRef> = spine.fields().iter().map(nullable).collect();
        let mut owners: HashMap<String, String> =
            fields.iter().map(|field| (field.name().clone(), "a column of the spine".to_owned())).collect();
        for source in &self.outputs {
            let (owner, field) = self.field(*source);
            let (name, owner) = (field.name().clone(), format!("feature '{owner}:{}'", field.name()));
            if let Some(one) = owners.insert(name.clone(), owner.clone()) {
                return Err(Error::SameName { name, one, other: owner });
            }
            fields.push(Arc::new(field));
        }
        Ok(Arc::new(Schema::new(fields)))
    }

    /// The view and the column of a feature.
    fn field(&self, source: Source) -> (&Name, Field) {
        let (view, name, kind) = match source {
            Source::View { view, feature } => {
                let view = &self.views[view];
                let feature = &view.features[feature];
                (&view.view.name, &feature.name, &feature.kind)
            }
            Source::Computed { view, feature } => {
                let view = &self.computed[view].view;
                let feature = &view.features[feature];
                (&view.name, &feature.name, &feature.kind)
            }
        };
        (view, Field::new(name.as_str(), kind.arrow(), true))
    }
}

impl ViewPlan {
    /// The position of a feature, which is needed from now on.
    fn need(&mut self, name: &Name) -> Option<usize> {
        if let Some(known) = self.features.iter().position(|feature| feature.name == *name) {
            return Some(known);
        }
        let found = self.view.feature(name)?;
        self.features.push(found.clone());
        self.n_needed = self.features.len();
        Some(self.n_needed - 1)
    }

    /// Adds the features that expectations are about; no more can be needed then.
    fn watch(&mut self) {
        for expectation in &self.view.expectations {
            let (Rule::NotNull(name) | Rule::Range { feature: name, .. }) = &expectation.rule else {
                continue;
            };
            if self.features.iter().all(|feature| feature.name != *name) {
                self.features.extend(self.view.feature(name).cloned());
            }
        }
    }

    /// The columns of its table that are read, each once.
    pub(crate) fn columns(&self) -> Vec<String> {
        let mut columns = self.key_columns.clone();
        columns.extend(self.view.times().map(|(_, column)| column.to_owned()));
        columns.extend(self.features.iter().map(|feature| feature.column.clone()));
        let mut read: Vec<String> = Vec::new();
        for column in columns {
            if !read.contains(&column) {
                read.push(column);
            }
        }
        read
    }
}
