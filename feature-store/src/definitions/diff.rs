//! What differs between two versions of a definition, field by field of their messages.
//!
//! Items of lists that have names are told apart by them, so that a feature in a new place is not taken for another one.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::change::FieldChange;
use crate::model::definition::Definition;

/// The fields that differ, by name.
pub(crate) fn diff(old: &Definition, new: &Definition) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(&mut changes, "", Some(&message(old)), Some(&message(new)));
    changes
}

fn message(definition: &Definition) -> Value {
    // What is stored is JSON.
    serde_json::from_str(&definition.to_stored()).unwrap_or_default()
}

fn compare(changes: &mut Vec<FieldChange>, field: &str, old: Option<&Value>, new: Option<&Value>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                compare(changes, &field, old.get(name), new.get(name));
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if has_names(old) && has_names(new) => {
            items(changes, field, old, new);
        }
        (old, new) => changes.push(FieldChange {
            field: field.to_owned(),
            from: old.map(Value::to_string),
            to: new.map(Value::to_string),
        }),
    }
}

fn items(changes: &mut Vec<FieldChange>, field: &str, old: &[Value], new: &[Value]) {
    let find = |items: &[Value], name: &str| items.iter().find(|item| name_of(item) == Some(name)).cloned();
    let names = |items: &[Value]| items.iter().filter_map(name_of).map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (names(old), names(new));
    let gone = before.iter().filter(|name| !after.contains(name));
    for name in after.iter().chain(gone) {
        compare(changes, &format!("{field}[{name}]"), find(old, name).as_ref(), find(new, name).as_ref());
    }
    let both = |names: &[String], others: &[String]| -> Vec<String> {
        names.iter().filter(|name| others.contains(name)).cloned().collect()
    };
    let (was, is) = (both(&before, &after), both(&after, &before));
    if was != is {
        let text = |names: Vec<String>| Some(Value::from(names).to_string());
        changes.push(FieldChange { field: format!("{field} in order"), from: text(was), to: text(is) });
    }
}

fn has_names(items: &[Value]) -> bool {
    items.iter().all(|item| name_of(item).is_some())
}

fn name_of(item: &Value) -> Option<&str> {
    item.as_object().and_then(|fields: &Map<String, Value>| fields.get("name"))?.as_str()
}
