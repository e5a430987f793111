//! Whether whoever calls one model today can call another in its place.
//!
//! Every input that is sent today must still be there and be taken, in the same or a wider type; what is new must be
//! optional; every output keeps name and type, and may have others beside it. MLflow would ignore an input that a
//! model no longer knows, with a warning in the server's log. Here it is told: callers go on sending what
//! decided yesterday's answers, and if a later model takes the name up again with another type, it is they who
//! break, two promotions later. A param that is gone is told for the same reason.

use std::collections::BTreeMap;

use forebay_core::gate::Outcome;

use super::{Field, Schema, Signature, Tensor, Type};

/// Judges a candidate by the version that holds the alias or stage now.
pub(crate) fn compare(holder: Option<&Signature>, candidate: Option<&Signature>) -> Outcome {
    let told = |passed, reason: &str| Outcome { passed, found: String::new(), reason: reason.to_owned() };
    match (holder, candidate) {
        (None, _) => told(true, "the holder has no signature, so there is nothing to compare with"),
        (Some(_), None) => told(false, "the holder has a signature and the version has none"),
        (Some(holder), Some(candidate)) => match incompatibilities(holder, candidate) {
            found if found.is_empty() => told(true, "whoever calls the holder can call the version"),
            found => told(false, &found.join("; ")),
        },
    }
}

/// What breaks for callers of `holder` when `candidate` takes its place, one sentence each; nothing when they
/// are compatible.
pub(crate) fn incompatibilities(holder: &Signature, candidate: &Signature) -> Vec<String> {
    let mut found = Vec::new();
    match (&holder.inputs, &candidate.inputs) {
        (Some(old), Some(new)) => inputs(old, new, &mut found),
        (Some(_), None) => found.push("the inputs are no longer told".to_owned()),
        (None, _) => {}
    }
    match (&holder.outputs, &candidate.outputs) {
        (Some(old), Some(new)) => outputs(old, new, &mut found),
        (Some(_), None) => found.push("the outputs are no longer told".to_owned()),
        (None, _) => {}
    }
    for (name, old) in &holder.params {
        match candidate.params.get(name) {
            Some(new) if new == old => {}
            Some(_) => found.push(format!("param '{name}' has another type")),
            None => found.push(format!("param '{name}' is gone")),
        }
    }
    found
}

fn inputs(old: &Schema, new: &Schema, found: &mut Vec<String>) {
    match (old, new) {
        (Schema::NamedColumns(old), Schema::NamedColumns(new)) => {
            each_named("input", old, new, column_change, found);
            let is_missing = |(name, field): &(&String, &Field)| field.required && !old.contains_key(*name);
            found.extend(
                new.iter().filter(is_missing).map(|(name, _)| format!("input '{name}' is new and required")),
            );
        }
        (Schema::Columns(old), Schema::Columns(new)) => {
            each_position("input", old, new, Type::takes, found);
        }
        (Schema::NamedTensors(old), Schema::NamedTensors(new)) => {
            each_named("input", old, new, tensor_change, found);
            let added = new.keys().filter(|name| !old.contains_key(*name));
            found.extend(added.map(|name| format!("input '{name}' is new and required")));
        }
        (Schema::Tensor(old), Schema::Tensor(new)) => {
            found.extend(tensor_change(old, new).map(|change| format!("the input {change}")));
        }
        _ => found.push(other_form("inputs", old, new)),
    }
}

fn outputs(old: &Schema, new: &Schema, found: &mut Vec<String>) {
    match (old, new) {
        (Schema::NamedColumns(old), Schema::NamedColumns(new)) => {
            each_named("output", old, new, output_change, found);
        }
        (Schema::Columns(old), Schema::Columns(new)) => {
            each_position("output", old, new, Type::eq, found);
        }
        (Schema::NamedTensors(old), Schema::NamedTensors(new)) => {
            let change =
                |old: &Tensor, new: &Tensor| (old != new).then(|| format!("was {old} and is now {new}"));
            each_named("output", old, new, change, found);
        }
        (Schema::Tensor(old), Schema::Tensor(new)) if old == new => {}
        (Schema::Tensor(old), Schema::Tensor(new)) => {
            found.push(format!("the output was {old} and is now {new}"));
        }
        _ => found.push(other_form("outputs", old, new)),
    }
}

/// Tells what became of everything that `old` names.
fn each_named<T>(
    what: &str,
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    change: impl Fn(&T, &T) -> Option<String>,
    found: &mut Vec<String>,
) {
    for (name, old) in old {
        let told = match new.get(name) {
            Some(new) => change(old, new),
            None => Some("is gone".to_owned()),
        };
        found.extend(told.map(|change| format!("{what} '{name}' {change}")));
    }
}

/// As [`each_named`], by position: one more or one less is another list.
fn each_position(
    what: &str,
    old: &[Type],
    new: &[Type],
    suits: fn(&Type, &Type) -> bool,
    found: &mut Vec<String>,
) {
    if old.len() != new.len() {
        found.push(format!("there were {} {what}s and are now {}", old.len(), new.len()));
        return;
    }
    for (index, (old, new)) in old.iter().zip(new).enumerate() {
        if !suits(new, old) {
            found.push(format!("{what} {} was {old} and is now {new}", index + 1));
        }
    }
}

fn column_change(old: &Field, new: &Field) -> Option<String> {
    match (new.kind.takes(&old.kind), new.takes(old)) {
        (_, true) => None,
        (true, false) => Some("was optional and is now required".to_owned()),
        (false, false) => Some(format!("was {} and is now {}", old.kind, new.kind)),
    }
}

fn tensor_change(old: &Tensor, new: &Tensor) -> Option<String> {
    (!new.takes(old)).then(|| format!("was {old} and is now {new}"))
}

/// An output that was always there must always be.
fn output_change(old: &Field, new: &Field) -> Option<String> {
    if old.kind != new.kind {
        return Some(format!("was {} and is now {}", old.kind, new.kind));
    }
    (old.required && !new.required).then(|| "was always there and is now optional".to_owned())
}

fn other_form(what: &str, old: &Schema, new: &Schema) -> String {
    format!("the {what} were {} and are now {}", form(old), form(new))
}

fn form(schema: &Schema) -> &'static str {
    match schema {
        Schema::NamedColumns(_) => "columns with names",
        Schema::Columns(_) => "columns without names",
        Schema::NamedTensors(_) => "tensors with names",
        Schema::Tensor(_) => "one tensor",
    }
}
