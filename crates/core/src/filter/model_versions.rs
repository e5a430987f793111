//! What a search over model versions can filter and order by.

use super::clause::{self, Clause};
use super::lexer::{Kind, Token};
use super::order::Term;
use super::registry;
use super::value::{self, Lists, Name};
use super::{Number, NumberOp, OrderBy, TextOp};
use crate::invalid::Invalid;
use crate::python;

/// One comparison of a filter over model versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelVersionComparison {
    /// A text column; `IN` only for the name and the run id.
    Text {
        /// Which column.
        attribute: ModelVersionText,
        /// What must hold.
        op: TextOp,
    },
    /// The number of the version.
    Version {
        /// How to compare.
        op: NumberOp,
        /// With what.
        value: i64,
    },
    /// A tag, which must be there; never `IN`.
    Tag {
        /// The tag's key.
        key: String,
        /// What must hold.
        op: TextOp,
    },
}

/// The searchable text columns of a model version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelVersionText {
    /// `name`, that of the registered model.
    Name,
    /// `run_id`
    RunId,
    /// `source_path`
    Source,
}

/// What model versions can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelVersionOrderKey {
    /// `name`
    Name,
    /// `version_number`
    Version,
    /// `creation_timestamp`
    Creation,
    /// `last_updated_timestamp`
    LastUpdated,
}

/// The comparisons of `filter`, all of which a version must pass; none for an empty filter.
pub fn parse_filter(filter: &str) -> Result<Vec<ModelVersionComparison>, Invalid> {
    clause::split(filter)?.complete(str::to_owned)?.iter().map(comparison).collect()
}

/// What `order_by` asks for, in its order; naming a key twice is an error.
pub fn parse_order_by(order_by: &[String]) -> Result<Vec<OrderBy<ModelVersionOrderKey>>, Invalid> {
    registry::parse_order_by(order_by, order_key)
}

fn comparison(clause: &Clause<'_>) -> Result<ModelVersionComparison, Invalid> {
    let name = Name::of_left(clause)?;
    if registry::is_tag(name)? {
        return Ok(ModelVersionComparison::Tag { key: name.key.to_owned(), op: registry::tag_op(clause)? });
    }
    match name.key {
        "name" => text(clause, ModelVersionText::Name, Lists::Allowed),
        "run_id" => text(clause, ModelVersionText::RunId, Lists::Allowed),
        "source_path" => text(clause, ModelVersionText::Source, Lists::OnlyFor("name', 'run_id")),
        "version_number" => version(clause),
        key => Err(Invalid::message(format!(
            "Invalid attribute key '{key}' specified. Valid keys are 'name, run_id, source_path, version_number'"
        ))),
    }
}

fn text(
    clause: &Clause<'_>,
    attribute: ModelVersionText,
    lists: Lists,
) -> Result<ModelVersionComparison, Invalid> {
    let operator = clause.operator.to_ascii_uppercase();
    let token = clause.value.ok_or_else(|| registry::wrong_operator("attribute", &operator))?;
    let value = value::text_or_list(token, "attributes", lists)?;
    let op =
        value::text_op(&operator, value).ok_or_else(|| registry::wrong_operator("attribute", &operator))?;
    Ok(ModelVersionComparison::Text { attribute, op })
}

/// A version may stand in quotes, as it does in MLflow's answers.
fn version(clause: &Clause<'_>) -> Result<ModelVersionComparison, Invalid> {
    let wrong_operator = || registry::wrong_operator("attribute version_number", clause.operator);
    let token = clause.value.ok_or_else(wrong_operator)?;
    let op = value::number_op(clause.operator).ok_or_else(wrong_operator)?;
    Ok(ModelVersionComparison::Version { op, value: version_number(token)? })
}

fn version_number(token: Token<'_>) -> Result<i64, Invalid> {
    let refused = |shown: String| {
        Invalid::message(format!("Invalid value for numeric attribute 'version_number': {shown}"))
    };
    if matches!(token.kind, Kind::Text | Kind::Name) {
        let text = value::quoted_text(token.text)?;
        return text.trim().parse().map_err(|_| refused(python::literal(&text)));
    }
    match value::number(token, "numeric attribute: version_number")? {
        Number::Integer(value) => Ok(value),
        // Debug keeps the fraction of a whole number, as Python does.
        Number::Float(value) => Err(refused(format!("{value:?}"))),
    }
}

fn order_key(term: &Term<'_>) -> Result<ModelVersionOrderKey, Invalid> {
    let name = Name::split(term.name);
    match (registry::is_tag(name)?, name.key) {
        (false, "name") => Ok(ModelVersionOrderKey::Name),
        (false, "version_number") => Ok(ModelVersionOrderKey::Version),
        (false, "creation_timestamp") => Ok(ModelVersionOrderKey::Creation),
        (false, "last_updated_timestamp") => Ok(ModelVersionOrderKey::LastUpdated),
        _ => Err(Invalid::message(format!(
            "Invalid attribute key '{}' specified. \
             Valid keys are 'creation_timestamp, last_updated_timestamp, name, version_number'",
            name.key
        ))),
    }
}
