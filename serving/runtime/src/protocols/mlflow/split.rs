//! Data in the shape `dataframe_split`: names of columns once, and rows as lists.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::infer;
use crate::model::rows::{Layout, Rows};
use crate::protocols::json::rows::{RowsSeed, Targets};
use crate::protocols::json::text;

/// The sentence about the fields.
const FIELDS: &str =
    "Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields";

/// Reads the rows into columns.
pub(super) struct SplitSeed<'a, 's>(pub(super) &'a mut Rows<'s>);

impl<'de> DeserializeSeed<'de> for SplitSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SplitSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dictionary in the split format of a dataframe")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut targets, mut early, mut is_read) = (None, None::<&RawValue>, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "columns" => {
                    let names: Option<Vec<Value>> = map.next_value()?;
                    if let Some(names) = names {
                        targets = Some(resolve(&names, self.0).map_err(A::Error::custom)?);
                    }
                }
                "data" if targets.is_some() => {
                    map.next_value_seed(RowsSeed { rows: &mut *self.0, targets: targets.as_ref() })?;
                    is_read = true;
                }
                // Without names the rows cannot be told apart yet.
                "data" => early = Some(map.next_value()?),
                "index" => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => return Err(A::Error::custom(format_args!("{FIELDS}. Got '{key}'."))),
            }
        }
        match early {
            Some(data) => read_early(self.0, targets.as_ref(), data).map_err(A::Error::custom)?,
            None if is_read => {}
            None => return Err(A::Error::custom(FIELDS)),
        }
        let n_names = targets.map_or(0, |targets| targets.len());
        infer::check_width(n_names, self.0.widest()).map_err(A::Error::custom)
    }
}

/// Reads rows that came before the names of their columns, or without.
fn read_early(rows: &mut Rows<'_>, targets: Option<&Targets>, data: &RawValue) -> Result<(), String> {
    let mut reader = serde_json::Deserializer::from_str(data.get());
    RowsSeed { rows, targets }.deserialize(&mut reader).map_err(|error| text::reason(&error))
}

/// Which columns the values of a row go to.
fn resolve(names: &[Value], rows: &mut Rows<'_>) -> Result<Targets, String> {
    let layout: &Layout = rows.layout();
    let mut targets = Targets::with_capacity(names.len());
    let mut is_taken = vec![false; layout.columns().len()];
    for (place, name) in names.iter().enumerate() {
        let found = match name {
            _ if layout.is_positional() => Some(place).filter(|place| *place < layout.columns().len()),
            Value::String(name) => layout.position(name, place),
            name => layout.position(&name.to_string(), place),
        };
        match found {
            Some(position) if std::mem::replace(&mut is_taken[position], true) => {
                return Err(format!("{}: it comes twice", layout.label(position)));
            }
            Some(position) => rows.mark(position),
            None => rows.note_extra(&label(name)),
        }
        targets.push(found);
    }
    Ok(targets)
}

/// A column's name as text; pandas numbers those that have none.
fn label(name: &Value) -> String {
    name.as_str().map_or_else(|| name.to_string(), str::to_owned)
}

/// The table of such data for which no types are told.
pub(super) fn guess(value: Value) -> Result<arrow::array::RecordBatch, String> {
    let Value::Object(mut fields) = value else {
        return Err("Dataframe split format must be a dictionary".to_owned());
    };
    let Some(Value::Array(rows)) = fields.remove("data") else { return Err(FIELDS.to_owned()) };
    let names = match fields.remove("columns") {
        Some(Value::Array(names)) => Some(names.iter().map(label).collect()),
        None | Some(Value::Null) => None,
        Some(_) => return Err("'columns' is not a list of names".to_owned()),
    };
    fields.remove("index");
    match fields.keys().next() {
        Some(other) => Err(format!("{FIELDS}. Got '{other}'.")),
        None => infer::rows(names, &rows),
    }
}
