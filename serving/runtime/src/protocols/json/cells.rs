//! One value of JSON that goes into a column.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::cell::Cell;
use crate::model::column_builder::ColumnBuilder;
use crate::model::rows::Place;
use crate::model::signature::ColumnType;

/// Appends the value to a column.
pub(crate) struct CellSeed<'a, 's> {
    /// Where it goes.
    pub(crate) builder: &'a mut ColumnBuilder<'s>,
    /// How errors tell where that is.
    pub(crate) place: Place<'s>,
}

impl<'s> CellSeed<'_, 's> {
    fn append<E: Error>(self, cell: Cell<'_>) -> Result<(), E> {
        self.builder.append(cell).map_err(|error| E::custom(format_args!("{}: {error}", self.place)))
    }

    fn unexpected<E: Error>(&self, what: &str) -> E {
        E::custom(format_args!(
            "{}: {what} is not a value of type {}",
            self.place,
            self.builder.column_type()
        ))
    }

    /// A seed for what is inside of the value.
    fn inner<'b>(place: Place<'s>, builder: &'b mut ColumnBuilder<'s>) -> CellSeed<'b, 's> {
        CellSeed { builder, place }
    }
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if *self.builder.column_type() != ColumnType::Any {
            return deserializer.deserialize_any(self);
        }
        let json = <&RawValue>::deserialize(deserializer)?;
        let CellSeed { builder, place } = self;
        builder.append_json(json.get()).map_err(|error| D::Error::custom(format_args!("{place}: {error}")))
    }
}

impl<'de> Visitor<'de> for CellSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value of type {}", self.builder.column_type())
    }

    visit_scalars!(append);

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let place = self.place;
        let Some(items) = self.builder.items() else { return Err(self.unexpected("a list")) };
        while seq.next_element_seed(CellSeed::inner(place, items))?.is_some() {}
        self.builder.close_row().map_err(|error| A::Error::custom(format_args!("{place}: {error}")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let place = self.place;
        if let Some((keys, values)) = self.builder.entries() {
            while map.next_key_seed(CellSeed::inner(place, keys))?.is_some() {
                map.next_value_seed(CellSeed::inner(place, values))?;
            }
        } else if self.builder.properties().is_some() {
            while let Some(name) = map.next_key::<String>()? {
                property(self.builder, place, &name, &mut map)?;
            }
        } else {
            // The rest of the object has to be read, or its error would be that of the reader.
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Err(self.unexpected("an object"));
        }
        self.builder.close_row().map_err(|error| A::Error::custom(format_args!("{place}: {error}")))
    }
}

/// Reads the value of a property.
fn property<'de, 's, A: MapAccess<'de>>(
    builder: &mut ColumnBuilder<'s>,
    place: Place<'s>,
    name: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    let row = builder.len();
    let properties = builder.properties().unwrap_or_default();
    let Some(property) = properties.iter_mut().find(|property| property.name == name) else {
        return Err(A::Error::custom(format_args!("{place}: the signature has no property '{name}'")));
    };
    if property.builder.len() > row {
        return Err(A::Error::custom(format_args!("{place}: property '{name}' comes twice")));
    }
    map.next_value_seed(CellSeed { builder: &mut property.builder, place })
}
