//! Comparisons of a search as SQL: typed operators in, static text and bound values out.

use forebay_core::filter::{CodeOp, NumberOp, TextOp};

use crate::{Engine, Sql, Value};

/// Appends the test of a text column.
pub fn push_text(sql: &mut Sql, engine: Engine, column: &'static str, op: &TextOp) {
    match op {
        TextOp::Eq(value) => sql.push(column).push(" = ").push_bind(value),
        TextOp::Ne(value) => sql.push(column).push(" != ").push_bind(value),
        TextOp::Like(value) => sql.push(column).push(" LIKE ").push_bind(value).push(engine.like_end()),
        TextOp::ILike(value) => sql
            .push("lower(")
            .push(column)
            .push(") LIKE lower(")
            .push_bind(value)
            .push(")")
            .push(engine.like_end()),
        TextOp::In(values) => sql.push(column).push(" IN (").push_list(values).push(")"),
        TextOp::NotIn(values) => sql.push(column).push(" NOT IN (").push_list(values).push(")"),
    };
}

/// Appends the test of a number column.
pub fn push_number(sql: &mut Sql, column: &'static str, op: NumberOp, value: impl Into<Value>) {
    sql.push(column).push(" ").push(op.as_str()).push(" ").push_bind(value);
}

/// Appends the test of a column of integer codes.
pub fn push_code(sql: &mut Sql, column: &'static str, op: &CodeOp) {
    match op {
        CodeOp::In(values) => sql.push(column).push(" IN (").push_list(values.iter().copied()).push(")"),
        CodeOp::NotIn(values) => {
            sql.push(column).push(" NOT IN (").push_list(values.iter().copied()).push(")")
        }
    };
}

/// Comparisons of one search that PostgreSQL's planner may turn into joins.
const PLANNED: usize = 8;

/// The end of a comparison at that position of a filter.
///
/// The planner makes a join of each bare EXISTS and weighs their orders, which takes seconds for a hundred of
/// them. Behind `IS TRUE`, which changes no result between ANDs, it leaves them alone.
pub fn unplanned(position: usize) -> &'static str {
    if position < PLANNED { "" } else { " IS TRUE" }
}
