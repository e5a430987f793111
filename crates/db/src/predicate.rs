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

/// Appends the test that a column is what a column of the query around it is. It is the last column of an index that
/// holds all that is asked for, and those before it are tested as well.
///
/// At a `=` SQLite prefers a unique index, whose rows it then has to read; a range leads it to the index that holds
/// all. PostgreSQL may also join by a hash, which needs the `=`.
pub fn push_same(sql: &mut Sql, engine: Engine, column: &'static str, outer: &'static str) {
    sql.push(column);
    match engine {
        Engine::Sqlite => sql.push(" BETWEEN ").push(outer).push(" AND ").push(outer),
        Engine::Postgres => sql.push(" = ").push(outer),
    };
}

/// Comparisons of one search that PostgreSQL's planner may turn into joins.
const PLANNED: usize = 8;

/// The end of a comparison that PostgreSQL's planner is to leave alone.
///
/// The planner makes a join of each bare EXISTS. Behind `IS TRUE`, which changes no result between ANDs, it asks for
/// each row, or puts all that may exist into a hash first.
pub const UNPLANNED: &str = " IS TRUE";

/// The end of a comparison at that position of a filter: weighing the orders of a hundred joins takes seconds.
pub fn unplanned(position: usize) -> &'static str {
    if position < PLANNED { "" } else { UNPLANNED }
}
