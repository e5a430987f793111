//! What a search over experiments can filter and order by.

use super::clause::{self, Clause};
use super::lexer::Token;
use super::order::{self, Term};
use super::value::{self, Lists, Name};
use super::{CodeOp, EntryTest, Number, NumberOp, OrderBy, TextOp};
use crate::invalid::Invalid;
use crate::python;

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
    clause::split(filter)?.complete(str::to_owned)?.iter().map(comparison).collect()
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
    let attribute = attribute(name.key)?;
    let token = clause.value.ok_or_else(|| {
        let key = name.key;
        Invalid::message(format!(
            "IS NULL / IS NOT NULL is only supported for tags, not for attribute '{key}'"
        ))
    })?;
    match attribute {
        ExperimentOrderKey::Name => {
            text(token, clause.operator, Lists::OnlyFor("experiment_id")).map(ExperimentComparison::Name)
        }
        ExperimentOrderKey::Id => id(token, clause.operator),
        ExperimentOrderKey::Time(attribute) => time(token, clause.operator, (attribute, name.key)),
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

fn text(token: Token<'_>, operator: &str, lists: Lists) -> Result<TextOp, Invalid> {
    let value = value::text_or_list(token, "attributes", lists)?;
    value::text_op(operator, value).ok_or_else(|| value::wrong_operator(operator, value::TEXT_OPERATORS))
}

fn id(token: Token<'_>, operator: &str) -> Result<ExperimentComparison, Invalid> {
    let wrong_operator = || Invalid::message(format!("Invalid comparator for experiment_id: {operator}"));
    let value = value::text_or_list(token, "attributes", Lists::Allowed)?;
    let op = value::code_op(value::text_op(operator, value).ok_or_else(wrong_operator)?, |id| {
        id.trim().parse().map_err(|_| {
            Invalid::message(format!("Invalid experiment ID '{id}'. Experiment ID must be a valid integer."))
        })
    })?;
    op.map(ExperimentComparison::Id).ok_or_else(wrong_operator)
}

fn time(
    token: Token<'_>,
    operator: &str,
    name: (ExperimentTime, &str),
) -> Result<ExperimentComparison, Invalid> {
    let (attribute, key) = name;
    let value = value::number(token, &format!("numeric attribute: {key}"))?;
    let op =
        value::number_op(operator).ok_or_else(|| value::wrong_operator(operator, value::NUMBER_OPERATORS))?;
    match value {
        Number::Integer(value) => Ok(ExperimentComparison::Time { attribute, op, value }),
        // Debug keeps the fraction of a whole number, as Python does.
        Number::Float(value) => Err(Invalid::message(format!(
            "Invalid value for numeric attribute '{key}': {}",
            python::literal(&format!("{value:?}"))
        ))),
    }
}

fn order_key(term: &Term<'_>) -> Result<ExperimentOrderKey, Invalid> {
    let name = Name::split(term.name);
    if is_tag(name)? {
        return Err(Invalid::message("Invalid order_by entity: tag"));
    }
    attribute(name.key)
}
