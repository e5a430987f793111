//! What a search over registered models can filter and order by.

use super::clause::{self, Clause};
use super::order::Term;
use super::registry;
use super::value::{self, Lists, Name};
use super::{OrderBy, TextOp};
use crate::invalid::Invalid;

/// One comparison of a filter over registered models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisteredModelComparison {
    /// The name.
    Name(TextOp),
    /// A tag, which must be there; never `IN`.
    Tag {
        /// The tag's key.
        key: String,
        /// What must hold.
        op: TextOp,
    },
}

/// What registered models can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisteredModelOrderKey {
    /// `name`
    Name,
    /// `last_updated_timestamp`, also written `timestamp`.
    LastUpdated,
}

/// The comparisons of `filter`, all of which a model must pass; none for an empty filter.
pub fn parse_filter(filter: &str) -> Result<Vec<RegisteredModelComparison>, Invalid> {
    clause::split(filter)?.complete(str::to_owned)?.iter().map(comparison).collect()
}

/// What `order_by` asks for, in its order; naming a column twice is an error.
pub fn parse_order_by(order_by: &[String]) -> Result<Vec<OrderBy<RegisteredModelOrderKey>>, Invalid> {
    registry::parse_order_by(order_by, order_key)
}

fn comparison(clause: &Clause<'_>) -> Result<RegisteredModelComparison, Invalid> {
    let name = Name::of_left(clause)?;
    if registry::is_tag(name)? {
        return Ok(RegisteredModelComparison::Tag {
            key: name.key.to_owned(),
            op: registry::tag_op(clause)?,
        });
    }
    if name.key != "name" {
        let key = name.key;
        return Err(Invalid::message(format!(
            "Invalid attribute key '{key}' specified. Valid keys are 'name'"
        )));
    }
    let operator = clause.operator.to_ascii_uppercase();
    let token = clause.value.ok_or_else(|| registry::wrong_operator("attribute", &operator))?;
    let value = value::text_or_list(token, "attributes", Lists::Allowed)?;
    let op = value::text_op(&operator, value);
    op.map(RegisteredModelComparison::Name).ok_or_else(|| registry::wrong_operator("attribute", &operator))
}

fn order_key(term: &Term<'_>) -> Result<RegisteredModelOrderKey, Invalid> {
    match value::trim_backticks(term.name) {
        "name" => Ok(RegisteredModelOrderKey::Name),
        "timestamp" | "last_updated_timestamp" => Ok(RegisteredModelOrderKey::LastUpdated),
        key => Err(Invalid::message(format!(
            "Invalid order by key '{key}' specified. Valid keys are 'name, timestamp'"
        ))),
    }
}
