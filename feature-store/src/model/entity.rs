//! What features are of: an airport, a customer, a pair of both. Its keys are columns of the spine.

use forebay_wire::feature_definitions as wire;

use super::about::About;
use super::mistake::{Mistake, each, no_twins, some};
use super::name::Name;
use super::value_type::ValueType;

/// A thing that has features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) name: Name,
    /// At least one; all together name one thing.
    pub(crate) keys: Vec<Key>,
    pub(crate) about: About,
}

/// A part of what names a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// The column of the spine.
    pub(crate) name: Name,
    /// One that can be a key.
    pub(crate) kind: ValueType,
}

impl TryFrom<wire::Entity> for Entity {
    type Error = Mistake;

    fn try_from(message: wire::Entity) -> Result<Self, Mistake> {
        let name = Name::required("name", message.name)?;
        some("keys", &message.keys)?;
        let keys = each("keys", message.keys, key)?;
        no_twins("keys", "key", keys.iter().map(|key| key.name.as_str()))?;
        Ok(Entity { name, keys, about: About::read(message.description, message.owner, message.tags)? })
    }
}

fn key(message: wire::TypedName) -> Result<Key, Mistake> {
    let (name, kind) = typed(message)?;
    if !kind.is_key() {
        let reason = format!("key '{name}' cannot be of type {kind}: no value of that type names one thing");
        return Err(Mistake::new("type", reason));
    }
    Ok(Key { name, kind })
}

/// A name with a type.
pub(super) fn typed(message: wire::TypedName) -> Result<(Name, ValueType), Mistake> {
    Ok((Name::required("name", message.name)?, ValueType::required("type", message.r#type)?))
}

/// The message of a name with a type.
pub(super) fn written(name: &Name, kind: &ValueType) -> wire::TypedName {
    wire::TypedName { name: Some(name.to_string()), r#type: Some(kind.to_string()) }
}

impl From<&Entity> for wire::Entity {
    fn from(entity: &Entity) -> Self {
        let About { description, owner, tags } = entity.about.clone();
        wire::Entity {
            name: Some(entity.name.to_string()),
            keys: entity.keys.iter().map(|key| written(&key.name, &key.kind)).collect(),
            description,
            owner,
            tags,
        }
    }
}
