//! What the searches over registered models and over their versions have in common.

use super::clause::Clause;
use super::order::{self, Term};
use super::value::{self, Name};
use super::{OrderBy, TextOp};
use crate::invalid::Invalid;
use crate::python;

/// Whether a name is that of a tag, and not of an attribute.
pub(super) fn is_tag(name: Name<'_>) -> Result<bool, Invalid> {
    match name.entity {
        Some("tag" | "tags") => Ok(true),
        Some("attribute") | None => Ok(false),
        Some(entity) => Err(Invalid::message(format!(
            "Invalid entity type '{entity}'. Valid entity types are ('attribute', 'tag', 'tags')"
        ))),
    }
}

/// The test of a tag: a text with `=`, `!=`, `LIKE` or `ILIKE`, in any case.
pub(super) fn tag_op(clause: &Clause<'_>) -> Result<TextOp, Invalid> {
    let operator = clause.operator.to_ascii_uppercase();
    let token = clause.value.ok_or_else(|| wrong_operator("tag", &operator))?;
    let value = value::entry_value(token, "tag")?;
    value::text_op(&operator, value).ok_or_else(|| wrong_operator("tag", &operator))
}

/// The error of an operator that does not suit `subject`, a tag or an attribute.
pub(super) fn wrong_operator(subject: &str, operator: &str) -> Invalid {
    Invalid::message(format!("Invalid comparator for {subject}: {operator}"))
}

/// Reads every element of `order_by`; two that mean the same column are an error.
pub(super) fn parse_order_by<K: PartialEq>(
    order_by: &[String],
    key: fn(&Term<'_>) -> Result<K, Invalid>,
) -> Result<Vec<OrderBy<K>>, Invalid> {
    order::check_count(order_by)?;
    let mut keys: Vec<OrderBy<K>> = Vec::with_capacity(order_by.len());
    for text in order_by {
        let term = order::term(text)?;
        let key = key(&term)?;
        if keys.iter().any(|seen| seen.key == key) {
            let order_by = python::literal(&order_by);
            return Err(Invalid::message(format!("`order_by` contains duplicate fields: {order_by}")));
        }
        keys.push(term.by(key));
    }
    Ok(keys)
}
