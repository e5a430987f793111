//! How the tensors of a request meet a model: as its columns, or as its tensors.

mod arrays;
mod columns;
mod tensors;

use std::collections::{HashMap, HashSet};

use super::cast::{Unfit, widen};
use super::interface::Interface;
use super::place::place;
use super::refusal::Refusal;
use crate::{Batch, DType, Elements, Inputs, Tensor};

/// Makes the batch that a model takes out of named tensors.
pub(super) fn batch(inputs: Vec<(String, Tensor)>, interface: &Interface) -> Result<Batch, Refusal> {
    check_names(&inputs).map_err(Refusal::Invalid)?;
    inputs.iter().try_for_each(|(name, tensor)| check_shape(name, tensor)).map_err(Refusal::Invalid)?;
    let batch = match (&interface.signature.inputs, &interface.inputs) {
        (Inputs::Columns(columns), _) => {
            columns::batch(inputs, columns, &interface.schema).map(Batch::Columns)
        }
        (Inputs::Tensors(fields), _) | (Inputs::Untold, Some(fields)) => {
            tensors::batch(inputs, fields).map(Batch::Tensors)
        }
        (Inputs::Untold, None) => tensors::as_they_are(inputs).map(Batch::Tensors),
    };
    batch.map_err(Refusal::Invalid)
}

fn check_names(inputs: &[(String, Tensor)]) -> Result<(), String> {
    if inputs.is_empty() {
        return Err("there are no inputs".to_owned());
    }
    let mut seen = HashSet::with_capacity(inputs.len());
    match inputs.iter().find(|(name, _)| !seen.insert(name.as_str())) {
        Some((name, _)) => Err(format!("input '{name}' comes twice")),
        None => Ok(()),
    }
}

/// Refuses rows without elements, and rows of which a few would be more than a machine holds: memory is later taken by
/// the row, so what a caller names without sending it must not count.
fn check_shape(name: &str, tensor: &Tensor) -> Result<(), String> {
    let Some((n_rows, rest)) = tensor.shape().split_first() else { return Ok(()) };
    let width = rest.iter().try_fold(1_usize, |width, length| width.checked_mul(*length));
    if width.is_none_or(|width| u32::try_from(width).is_err()) || *n_rows > tensor.elements().len() {
        return Err(format!(
            "input '{name}' has shape {:?}, whose rows hold nothing or too much",
            tensor.shape()
        ));
    }
    Ok(())
}

/// Inputs by name; what is left in it when the model has taken its own was not asked for.
struct Named(HashMap<String, Tensor>);

impl Named {
    fn new(inputs: Vec<(String, Tensor)>) -> Self {
        Named(inputs.into_iter().collect())
    }

    fn take(&mut self, name: &str) -> Option<Tensor> {
        self.0.remove(name)
    }

    fn check_empty<S: AsRef<str>>(&self, known: impl Iterator<Item = S>) -> Result<(), String> {
        // The same of several is named every time.
        match self.0.keys().min() {
            Some(name) => Err(format!("input '{name}' is unknown; the model takes {}", listed(known))),
            None => Ok(()),
        }
    }

    /// What to say when an input is not there: its name may be misspelt.
    fn missing<S: AsRef<str>>(&self, name: &str, known: impl Iterator<Item = S>) -> String {
        let known: Vec<S> = known.collect();
        let names: HashSet<&str> = known.iter().map(S::as_ref).collect();
        let unknown = self.0.keys().filter(|name| !names.contains(name.as_str())).min();
        let unknown = unknown.map(|name| format!(" and input '{name}' is unknown")).unwrap_or_default();
        format!("input '{name}' is missing{unknown}; the model takes {}", listed(known.iter()))
    }
}

/// Names for a message, not endlessly many.
fn listed<S: AsRef<str>>(mut names: impl Iterator<Item = S>) -> String {
    const MOST: usize = 20;
    let first: Vec<S> = names.by_ref().take(MOST).collect();
    let first = first.iter().map(S::as_ref).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// The elements of an input as those of the type that the model takes.
fn elements(name: &str, shape: &[usize], elements: Elements, target: DType) -> Result<Elements, String> {
    let found = elements.dtype();
    widen(elements, target).map_err(|unfit| match unfit {
        Unfit::Type => format!("input '{name}' is {}, expected {}", found.name(), target.name()),
        Unfit::Value { position, value } => format!(
            "input '{name}' element {}: {value} of {} is not exact as {}",
            place(shape, position),
            found.name(),
            target.name()
        ),
    })
}

/// Refuses tensors of different numbers of rows.
fn check_rows<'a>(mut rows: impl Iterator<Item = (&'a str, usize)>) -> Result<(), String> {
    let Some((first, n_rows)) = rows.next() else { return Ok(()) };
    match rows.find(|(_, other)| *other != n_rows) {
        Some((name, other)) => {
            Err(format!("input '{name}' has {other} rows, where input '{first}' has {n_rows}"))
        }
        None => Ok(()),
    }
}
