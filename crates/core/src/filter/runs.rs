//! What a search over runs can filter and order by.

use super::clause::{self, Clause};
use super::lexer::Token;
use super::order::{self, Term};
use super::value::{self, Lists, Name};
use super::{EntryTest, Number, NumberOp, OrderBy, TextOp};
use crate::invalid::Invalid;
use crate::python;

/// One comparison of a filter over runs.
#[derive(Debug, Clone, PartialEq)]
pub enum RunComparison {
    /// The latest value of a metric; a metric that is not a number satisfies only `!=`.
    Metric {
        /// The metric's key.
        key: String,
        /// How to compare.
        op: NumberOp,
        /// Finite or infinite, never NaN.
        value: f64,
    },
    /// A param; never `IN`.
    Param {
        /// The param's key.
        key: String,
        /// What must hold.
        test: EntryTest,
    },
    /// A tag; never `IN`.
    Tag {
        /// The tag's key.
        key: String,
        /// What must hold.
        test: EntryTest,
    },
    /// A time of the run.
    NumberAttribute {
        /// Which time.
        attribute: RunNumberAttribute,
        /// How to compare.
        op: NumberOp,
        /// Milliseconds since the epoch.
        value: Number,
    },
    /// A text column of the run; `IN` only for the run id.
    TextAttribute {
        /// Which column.
        attribute: RunTextAttribute,
        /// What must hold.
        op: TextOp,
    },
    /// Some dataset that the run took as an input.
    Dataset {
        /// What of the dataset.
        field: DatasetField,
        /// What must hold.
        op: TextOp,
    },
}

/// The numeric attributes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunNumberAttribute {
    /// `start_time`, also written `created`.
    StartTime,
    /// `end_time`
    EndTime,
}

/// The text attributes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunTextAttribute {
    /// `run_id`
    RunId,
    /// `run_name`, which a filter reads from the tag `mlflow.runName`, as MLflow does.
    RunName,
    /// `status`, compared as text.
    Status,
    /// `user_id`
    UserId,
    /// `artifact_uri`
    ArtifactUri,
}

/// The searchable fields of a run's input dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetField {
    /// `name`
    Name,
    /// `digest`
    Digest,
    /// `context`, the value of the input's tag `mlflow.data.context`.
    Context,
}

/// What runs can be ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOrderKey {
    /// The latest value of the metric with this key.
    Metric(String),
    /// The param with this key, as text.
    Param(String),
    /// The tag with this key, as text.
    Tag(String),
    /// A time.
    NumberAttribute(RunNumberAttribute),
    /// A text column of the run itself.
    TextAttribute(RunTextAttribute),
}

/// What the part of a name before the dot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entity {
    Metric,
    Param,
    Tag,
    Attribute,
    Dataset,
}

/// Either kind of attribute.
enum Attribute {
    Number(RunNumberAttribute),
    Text(RunTextAttribute),
}

/// The comparisons of `filter`, all of which a run must pass; none for an empty filter.
pub fn parse_filter(filter: &str) -> Result<Vec<RunComparison>, Invalid> {
    let clauses = clause::split(filter)?.complete(|stranger| format!("'{stranger}'"))?;
    clauses.iter().map(comparison).collect()
}

/// What `order_by` asks for, in its order; naming a key twice is an error.
pub fn parse_order_by(order_by: &[String]) -> Result<Vec<OrderBy<RunOrderKey>>, Invalid> {
    order::check_count(order_by)?;
    let mut keys: Vec<OrderBy<RunOrderKey>> = Vec::with_capacity(order_by.len());
    for text in order_by {
        let term = order::term(text)?;
        let key = order_key(&term)?;
        if keys.iter().any(|seen| seen.key == key) {
            let order_by = python::literal(&order_by);
            return Err(Invalid::message(format!("`order_by` contains duplicate fields: {order_by}")));
        }
        keys.push(term.by(key));
    }
    Ok(keys)
}

fn comparison(clause: &Clause<'_>) -> Result<RunComparison, Invalid> {
    let name = Name::of_left(clause)?;
    let operator = clause.operator.to_ascii_uppercase();
    let key = name.key.to_owned();
    match entity(name)? {
        Entity::Metric => metric(compared(clause, "metric", name.key)?, &operator, key),
        Entity::Param => {
            Ok(RunComparison::Param { key, test: value::entry_test(clause, &operator, "parameter")? })
        }
        Entity::Tag => Ok(RunComparison::Tag { key, test: value::entry_test(clause, &operator, "tag")? }),
        Entity::Attribute => match attribute(name.key, true)? {
            Attribute::Number(attribute) => {
                let token = compared(clause, "attribute", name.key)?;
                number_attribute(token, &operator, attribute, name.key)
            }
            Attribute::Text(attribute) => {
                text_attribute(compared(clause, "attribute", name.key)?, &operator, attribute)
            }
        },
        Entity::Dataset => dataset(compared(clause, "dataset", name.key)?, &operator, name.key),
    }
}

/// The right side of a comparison, which only params and tags can be without.
fn compared<'a>(clause: &Clause<'a>, entity: &str, key: &str) -> Result<Token<'a>, Invalid> {
    clause.value.ok_or_else(|| {
        Invalid::message(format!(
            "IS NULL / IS NOT NULL is only supported for tags and params, not for '{entity}' '{key}'"
        ))
    })
}

fn entity(name: Name<'_>) -> Result<Entity, Invalid> {
    let Some(entity) = name.entity.map(value::trim_backticks) else { return Ok(Entity::Attribute) };
    match entity {
        "metric" | "metrics" => Ok(Entity::Metric),
        "parameter" | "parameters" | "param" | "params" => Ok(Entity::Param),
        "tag" | "tags" => Ok(Entity::Tag),
        "attribute" | "attributes" | "attr" | "run" => Ok(Entity::Attribute),
        "dataset" | "datasets" => Ok(Entity::Dataset),
        _ => Err(Invalid::message(format!(
            "Invalid entity type '{entity}'. \
             Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"
        ))),
    }
}

/// The attribute called `key`; the display names of `run_name` are for filters only.
fn attribute(key: &str, in_filter: bool) -> Result<Attribute, Invalid> {
    Ok(match key {
        "start_time" | "created" | "Created" => Attribute::Number(RunNumberAttribute::StartTime),
        "end_time" => Attribute::Number(RunNumberAttribute::EndTime),
        "run_id" => Attribute::Text(RunTextAttribute::RunId),
        "run_name" => Attribute::Text(RunTextAttribute::RunName),
        "run name" | "Run name" | "Run Name" if in_filter => Attribute::Text(RunTextAttribute::RunName),
        "status" => Attribute::Text(RunTextAttribute::Status),
        "user_id" => Attribute::Text(RunTextAttribute::UserId),
        "artifact_uri" => Attribute::Text(RunTextAttribute::ArtifactUri),
        _ => {
            return Err(Invalid::message(format!(
                "Invalid attribute key '{key}' specified. Valid keys are 'artifact_uri, created, end_time, \
                 run_id, run_name, start_time, status, user_id'"
            )));
        }
    })
}

fn metric(token: Token<'_>, operator: &str, key: String) -> Result<RunComparison, Invalid> {
    let value = value::metric_number(token)?;
    let op =
        value::number_op(operator).ok_or_else(|| value::wrong_operator(operator, value::NUMBER_OPERATORS))?;
    Ok(RunComparison::Metric { key, op, value })
}

fn number_attribute(
    token: Token<'_>,
    operator: &str,
    attribute: RunNumberAttribute,
    key: &str,
) -> Result<RunComparison, Invalid> {
    let value = value::number(token, &format!("numeric attribute: {key}"))?;
    let op =
        value::number_op(operator).ok_or_else(|| value::wrong_operator(operator, value::NUMBER_OPERATORS))?;
    Ok(RunComparison::NumberAttribute { attribute, op, value })
}

fn text_attribute(
    token: Token<'_>,
    operator: &str,
    attribute: RunTextAttribute,
) -> Result<RunComparison, Invalid> {
    let lists = match attribute {
        RunTextAttribute::RunId => Lists::Allowed,
        _ => Lists::OnlyFor("run_id"),
    };
    let value = value::text_or_list(token, "attributes", lists)?;
    let op = value::text_op(operator, value)
        .ok_or_else(|| value::wrong_operator(operator, value::TEXT_OPERATORS))?;
    Ok(RunComparison::TextAttribute { attribute, op })
}

fn dataset(token: Token<'_>, operator: &str, key: &str) -> Result<RunComparison, Invalid> {
    let field = match key {
        "name" => DatasetField::Name,
        "digest" => DatasetField::Digest,
        "context" => DatasetField::Context,
        _ => {
            return Err(Invalid::message(format!(
                "Invalid dataset key '{key}' specified. Valid keys are 'name, digest, context'"
            )));
        }
    };
    let value = value::text_or_list(token, "dataset attributes", Lists::Allowed)?;
    let op = value::text_op(operator, value)
        .ok_or_else(|| value::wrong_operator(operator, value::TEXT_OPERATORS))?;
    Ok(RunComparison::Dataset { field, op })
}

fn order_key(term: &Term<'_>) -> Result<RunOrderKey, Invalid> {
    let name = Name::split(term.name);
    let key = name.key.to_owned();
    match entity(name)? {
        Entity::Metric => Ok(RunOrderKey::Metric(key)),
        Entity::Param => Ok(RunOrderKey::Param(key)),
        Entity::Tag => Ok(RunOrderKey::Tag(key)),
        Entity::Attribute => Ok(match attribute(name.key, false)? {
            Attribute::Number(attribute) => RunOrderKey::NumberAttribute(attribute),
            Attribute::Text(attribute) => RunOrderKey::TextAttribute(attribute),
        }),
        Entity::Dataset => Err(Invalid::message("Invalid identifier type 'dataset'")),
    }
}
