//! What applying definitions would change.

use std::collections::{BTreeMap, BTreeSet};

use forebay_core::invalid::Invalid;
use forebay_db::Tx;

use super::catalog::Catalog;
use super::change::{Change, What};
use super::diff::diff;
use super::usage;
use crate::model::definition::Definition;
use crate::model::entity::Key;
use crate::model::given::Given;
use crate::model::kept::Kept;
use crate::model::kind::Kind;
use crate::model::mistake::Mistake;
use crate::model::name::Name;
use crate::model::reference::Reference;
use crate::model::value_type::ValueType;
use crate::sql::feature_definitions;
use crate::{Features, Result};

/// What becomes of everything that is given, and what it was judged by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) changes: Vec<Change>,
    /// What tables and expressions are judged by.
    pub(crate) basis: Basis,
    /// The last version of each definition that was there, or was deleted.
    pub(crate) versions: BTreeMap<(Kind, Name), i64>,
}

/// What those that are given take from others.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Basis {
    /// The keys of each feature view; its table has to have columns for them.
    pub(crate) keys: BTreeMap<Name, Vec<Key>>,
    /// The types of the inputs of each on-demand view, by their features' names.
    pub(crate) inputs: BTreeMap<Name, BTreeMap<Name, ValueType>>,
}

impl Features {
    /// Judges definitions, with their tables, and tells what applying them would change.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for the first mistake, [`crate::Error::PlaceRefused`] for a table that the server may not read.
    pub(crate) async fn plan(&self, given: Vec<Given>) -> Result<Plan> {
        let mut tx = self.db.read().await?;
        let plan = plan(&mut tx, &given).await?;
        drop(tx);
        self.inspect(given, plan.basis.clone()).await?;
        Ok(plan)
    }
}

/// Judges what is given by what is kept, without tables and expressions.
pub(super) async fn plan(tx: &mut Tx, given: &[Given]) -> Result<Plan> {
    let last = feature_definitions::list_last(tx).await?;
    let before = Catalog::of(last.iter().cloned());
    let mut last: BTreeMap<(Kind, Name), Kept> =
        last.into_iter().map(|kept| ((kept.kind, kept.name.clone()), kept)).collect();
    let versions = last.iter().map(|(named, kept)| (named.clone(), kept.version)).collect();
    let after = merged(&before, given)?;
    for Given { definition, at } in given {
        after.check(definition).map_err(|mistake| at.tell(&mistake))?;
    }
    usage::check(&before, &after, given)?;
    let of_given = |Given { definition, .. }: &Given| {
        change(definition, last.remove(&(definition.kind(), definition.name().clone())))
    };
    let changes = given.iter().map(of_given).collect();
    Ok(Plan { changes, basis: basis(&after, given), versions })
}

/// What is kept with what is given in its place, each once.
fn merged(before: &Catalog, given: &[Given]) -> Result<Catalog, Invalid> {
    let mut after = before.clone();
    let mut seen: BTreeSet<(Kind, &Name)> = BTreeSet::new();
    for Given { definition, at } in given {
        let (kind, name) = (definition.kind(), definition.name());
        if !seen.insert((kind, name)) {
            return Err(at.tell(&Mistake::new("name", format!("{kind} '{name}' is defined twice"))));
        }
        after.put(definition.clone());
    }
    Ok(after)
}

fn change(definition: &Definition, last: Option<Kept>) -> Change {
    let version = last.as_ref().map_or(0, |last| last.version);
    let (what, version) = match last.and_then(|last| last.definition) {
        None => (What::Created, version + 1),
        Some(old) if old == *definition => (What::Unchanged, version),
        Some(old) => (What::Changed(diff(&old, definition)), version + 1),
    };
    Change { kind: definition.kind(), name: definition.name().clone(), what, version }
}

fn basis(catalog: &Catalog, given: &[Given]) -> Basis {
    let mut basis = Basis::default();
    for Given { definition, .. } in given {
        match definition {
            Definition::FeatureView(view) => {
                basis.keys.insert(view.name.clone(), catalog.keys(view).cloned().collect());
            }
            Definition::OnDemandView(view) => {
                let kind = |input: &Reference| {
                    let (_, kind) = catalog.resolve(input).ok()?;
                    Some((input.feature.clone(), kind.clone()))
                };
                basis.inputs.insert(view.name.clone(), view.inputs.iter().filter_map(kind).collect());
            }
            Definition::Entity(_) | Definition::FeatureService(_) => {}
        }
    }
    basis
}
