//! What a search over experiments can filter and order by.

use super::clause::{self, Clause};
use super::order::{self, Term};
use super::value::{self, Lists, Name};
use super::{CodeOp, EntryTest, Number, NumberOp, OrderBy, TextOp};
use crate::invalid::Invalid;

/// One comparison of a filter over experiments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExperimentComparison {
    /// The name; never `IN`.
    Name(TextOp),
    /// The id.
    Id(CodeOp),
    /// A time.
    Time {
        /// Which time.
        attribute: ExperimentTime,
        /// How to compare.
        op: NumberOp,
        /// Milliseconds since the epoch.
        value: i64,
    },
    /// A tag; never `IN`.
    Tag {
        /// The tag's key.
        key: String,
        /// What must hold.
        test: EntryTest,
    },
}

/// The times of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExperimentTime {
    /// `creation_time`
    Creation,
    /// `last_update_time`
    LastUpdate,
}

/// What experiments can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExperimentOrderKey {
    /// `name`
    Name,
    /// `experiment_id`, as a number.
    Id,
    /// `creation_time` or `last_update_time`.
    Time(ExperimentTime),
}

/// The comparisons of `filter`, all of which an experiment must pass; none for an empty filter.
///
/// As in MLflow, `LIKE`, `ILIKE` and `IN` must be in upper case here.
pub fn parse_filter(filter: &str) -> Result<Vec<ExperimentComparison>, Invalid> {
    clause::split(filter)?.complete()?.iter().map(comparison).collect()
}

/// What `order_by` asks for, in its order; a key named again changes nothing and is dropped.
pub fn parse_order_by(order_by: &[String]) -> Result<Vec<OrderBy<ExperimentOrderKey>>, Invalid> {
    order::check_count(order_by)?;
    let mut keys: Vec<OrderBy<ExperimentOrderKey>> = Vec::with_capacity(order_by.len());
    for text in order_by {
        let term = order::term(text)?;
        let key = order_key(&term)?;
        if keys.iter().all(|seen| seen.key != key) {
            keys.push(term.by(key));
        }
    }
    Ok(keys)
}

fn comparison(clause: &Clause<'_>) -> Result<ExperimentComparison, Invalid> {
    let name = Name::of_left(clause)?;
    if is_tag(name)? {
        let test = value::entry_test(clause, clause.operator, "tag")?;
        return Ok(ExperimentComparison::Tag { key: name.key.to_owned(), test });
    }
    match attribute(name.key)? {
        ExperimentOrderKey::Name => {
            text(clause, Lists::OnlyFor("experiment_id")).map(ExperimentComparison::Name)
        }
        ExperimentOrderKey::Id => id(clause),
        ExperimentOrderKey::Time(attribute) => time(clause, attribute, name.key),
    }
}

fn is_tag(name: Name<'_>) -> Result<bool, Invalid> {
    match name.entity {
        Some("tag" | "tags") => Ok(true),
        Some("attribute") | None => Ok(false),
        Some(entity) => Err(Invalid::message(format!(
            "Invalid entity type '{entity}'. Valid entity types are ('attribute', 'tag', 'tags')"
        ))),
    }
}

fn attribute(key: &str) -> Result<ExperimentOrderKey, Invalid> {
    match key {
        "name" => Ok(ExperimentOrderKey::Name),
        "experiment_id" => Ok(ExperimentOrderKey::Id),
        "creation_time" => Ok(ExperimentOrderKey::Time(ExperimentTime::Creation)),
        "last_update_time" => Ok(ExperimentOrderKey::Time(ExperimentTime::LastUpdate)),
        _ => Err(Invalid::message(format!(
            "Invalid attribute key '{key}' specified. \
             Valid keys are 'creation_time, experiment_id, last_update_time, name'"
        ))),
    }
}

fn text(clause: &Clause<'_>, lists: Lists) -> Result<TextOp, Invalid> {
    let value = value::text_or_list(clause, "attributes", lists)?;
    value::text_op(clause.operator, value).ok_or_else(|| {
        Invalid::message(format!("Invalid comparator for string attribute: {}", clause.operator))
    })
}

fn id(clause: &Clause<'_>) -> Result<ExperimentComparison, Invalid> {
    let op = value::code_op(text(clause, Lists::Allowed)?, |id| {
        id.trim().parse().map_err(|_| {
            Invalid::message(format!("Invalid experiment ID '{id}'. Experiment ID must be a valid integer."))
        })
    })?;
    op.map(ExperimentComparison::Id)
        .ok_or_else(|| Invalid::message(format!("Invalid comparator for experiment_id: {}", clause.operator)))
}

fn time(clause: &Clause<'_>, attribute: ExperimentTime, key: &str) -> Result<ExperimentComparison, Invalid> {
    let value = match value::number(clause, &format!("numeric attribute: {key}"))? {
        Number::Integer(value) => value,
        Number::Float(value) => {
            return Err(Invalid::message(format!("Invalid value for numeric attribute '{key}': '{value}'")));
        }
    };
    let op = value::number_op(clause.operator).ok_or_else(|| {
        Invalid::message(format!("Invalid comparator for numeric attribute: {}", clause.operator))
    })?;
    Ok(ExperimentComparison::Time { attribute, op, value })
}

fn order_key(term: &Term<'_>) -> Result<ExperimentOrderKey, Invalid> {
    let name = Name::split(term.name);
    if is_tag(name)? {
        return Err(Invalid::message("Invalid order_by entity: tag"));
    }
    attribute(name.key)
}
