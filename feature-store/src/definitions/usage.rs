//! Who uses a definition, and whether they still could after a change: what is given together is changed together, and
//! what is not given has to go on working.

use std::collections::BTreeSet;

use forebay_core::invalid::Invalid;

use super::catalog::Catalog;
use crate::model::definition::Definition;
use crate::model::entity::Entity;
use crate::model::given::Given;
use crate::model::kind::Kind;
use crate::model::mistake::Mistake;
use crate::model::name::Name;
use crate::model::reference::Reference;
use crate::model::value_type::ValueType;

/// A definition that uses another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User<'a> {
    pub(crate) kind: Kind,
    pub(crate) name: &'a Name,
}

impl Catalog {
    /// Everything that names a definition.
    pub(crate) fn users(&self, kind: Kind, name: &Name) -> Vec<User<'_>> {
        let mut users = Vec::new();
        if kind == Kind::Entity {
            let using = self.feature_views().filter(|view| view.entities.contains(name));
            users.extend(using.map(|view| User { kind: Kind::FeatureView, name: &view.name }));
        }
        if kind.is_view() {
            users.extend(self.references().filter(|(_, it)| it.view == *name).map(|(user, _)| user));
            users.dedup_by_key(|user| (user.kind, user.name));
        }
        users
    }

    /// All features that definitions name, each user's in a row.
    fn references(&self) -> impl Iterator<Item = (User<'_>, &Reference)> {
        let views = self.on_demand_views().flat_map(|view| {
            let user = User { kind: Kind::OnDemandView, name: &view.name };
            view.inputs.iter().map(move |input| (user, input))
        });
        let services = self.services().flat_map(|service| {
            let user = User { kind: Kind::FeatureService, name: &service.name };
            service.features.iter().map(move |feature| (user, feature))
        });
        views.chain(services)
    }
}

/// Checks that those who are not given can go on with what is: `before` is what is kept, `after` what it becomes.
pub(crate) fn check(before: &Catalog, after: &Catalog, given: &[Given]) -> Result<(), Invalid> {
    let together: BTreeSet<(Kind, &Name)> =
        given.iter().map(|it| (it.definition.kind(), it.definition.name())).collect();
    let is_left = |user: &User| !together.contains(&(user.kind, user.name));
    for Given { definition, at } in given {
        let Some(old) = before.find(definition.kind(), definition.name()) else { continue };
        let left = || before.users(definition.kind(), definition.name()).into_iter().filter(is_left);
        match (old, definition) {
            (Definition::Entity(old), Definition::Entity(new)) if !same_keys(old, new) => {
                if let Some(user) = left().next() {
                    return Err(at.tell(&keys_changed(new, user)));
                }
            }
            _ => {}
        }
        if definition.kind().is_view() {
            let of_it =
                before.references().filter(|(user, it)| is_left(user) && it.view == *definition.name());
            for (user, reference) in of_it {
                check_feature(before, after, user, reference).map_err(|mistake| at.tell(&mistake))?;
            }
        }
    }
    let mut rest = after.all().filter(|it| !together.contains(&(it.kind(), it.name())));
    rest.try_for_each(|definition| check_left(after, definition))
}

fn same_keys(old: &Entity, new: &Entity) -> bool {
    let of = |entity: &Entity| -> BTreeSet<(Name, String)> {
        entity.keys.iter().map(|key| (key.name.clone(), key.kind.to_string())).collect()
    };
    of(old) == of(new)
}

fn keys_changed(entity: &Entity, user: User) -> Mistake {
    let reason = format!(
        "the keys of entity '{}' change, and {} '{}' uses it; apply both together",
        entity.name, user.kind, user.name
    );
    Mistake::new("keys", reason)
}

fn check_feature(before: &Catalog, after: &Catalog, user: User, it: &Reference) -> Result<(), Mistake> {
    let told = format!("{} '{}' uses feature '{it}'", user.kind, user.name);
    match (kind_of(before, it), kind_of(after, it)) {
        (Some(_), None) => {
            Err(Mistake::new("features", format!("{told}, which would be gone; apply both together")))
        }
        (Some(old), Some(new)) if old != new => {
            let reason =
                format!("{told}, which was of type {old} and would be of type {new}; apply both together");
            Err(Mistake::new("features", reason))
        }
        _ => Ok(()),
    }
}

fn kind_of<'a>(catalog: &'a Catalog, reference: &Reference) -> Option<&'a ValueType> {
    catalog.resolve(reference).ok().map(|(_, kind)| kind)
}

/// What else could become wrong with a definition that nobody touches, such as a name that another takes.
fn check_left(after: &Catalog, definition: &Definition) -> Result<(), Invalid> {
    after.check(definition).map_err(|mistake| {
        let (kind, name) = (definition.kind(), definition.name());
        Invalid::message(format!("{kind} '{name}', which is kept, would be wrong then: {}", mistake.reason))
    })
}
