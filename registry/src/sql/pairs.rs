//! The rows that belong to a row, as one of its cells: pairs of a key and a value, in a JSON object.
//!
//! One statement for all takes less time than one for each kind, with a list of keys that has to be planned anew.

use std::collections::BTreeMap;

use forebay_db::{Engine, Error, Row, Sql};
use serde::de::DeserializeOwned;

/// Appends a subquery for the pairs of two columns, whose keys differ; `from` goes on from its FROM to its end.
pub(super) fn push(sql: &mut Sql, engine: Engine, columns: &'static str, from: &'static str) {
    let [start, end] = engine.json_object();
    sql.push("(SELECT ").push(start).push(columns).push(end).push(from).push(")");
}

/// The pairs in a cell, in the order of their keys.
pub(super) fn read<V: DeserializeOwned>(
    row: &Row,
    column: &'static str,
) -> Result<BTreeMap<String, V>, Error> {
    let Some(text) = row.get::<Option<String>>(column)? else { return Ok(BTreeMap::new()) };
    serde_json::from_str(&text).map_err(|error| Error::Inconsistent { column, reason: error.to_string() })
}
