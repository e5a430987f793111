//! A statement: text made of static pieces, and the values bound to it.
//!
//! Text can only be built from `&'static str`, so a value of a caller can never become SQL.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::Cell;

/// A value bound to a placeholder. `None` is SQL's NULL of that type, which PostgreSQL wants to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// BIGINT, and INTEGER by the engine's own cast.
    Int(Option<i64>),
    /// DOUBLE PRECISION.
    Double(Option<f64>),
    /// BOOLEAN.
    Bool(Option<bool>),
    /// TEXT and VARCHAR.
    Text(Option<String>),
}

impl Value {
    /// The same value, borrowed.
    pub(crate) fn as_cell(&self) -> Cell<'_> {
        match self {
            Value::Int(value) => Cell::Int(*value),
            Value::Double(value) => Cell::Double(*value),
            Value::Bool(value) => Cell::Bool(*value),
            Value::Text(value) => Cell::Text(value.as_deref()),
        }
    }
}

macro_rules! value_from {
    ($($arm:ident: $type:ty),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Value::$arm(Some(value.into()))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Value::$arm(value.map(Into::into))
            }
        }
    )+};
}

value_from! { Int: i64, Int: i32, Double: f64, Bool: bool, Text: String, Text: &str, Text: &String }

/// A statement with its bound values. Placeholders are `$1`, `$2`, … on both engines.
#[derive(Debug, Clone)]
pub struct Sql {
    pub(crate) text: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
}

impl Sql {
    /// A whole statement, or the first piece of one.
    pub fn new(text: &'static str) -> Self {
        Sql { text: Cow::Borrowed(text), values: Vec::new() }
    }

    /// Binds the next value of a text that names its placeholders itself.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends a static piece of text.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.built().push_str(text);
        self
    }

    /// Appends the next placeholder and binds its value.
    pub fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = self.values.len();
        // Writing to a String cannot fail.
        let _ = write!(self.built(), "${number}");
        self
    }

    /// Appends a number that makes an alias unique, as in `o1`.
    pub fn push_index(&mut self, index: usize) -> &mut Self {
        // Writing to a String cannot fail.
        let _ = write!(self.built(), "{index}");
        self
    }

    /// Appends `$n, $n+1, …`, the list of an IN; nothing for no values.
    ///
    /// A short list is filled up to a power of two with its last value: a server that has prepared the few lengths
    /// there are then need not do so for each number of values.
    pub fn push_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        const LONGEST_FILLED: usize = 64;
        let first = self.values.len();
        self.push_values(values);
        let length = self.values.len() - first;
        if let Some(last) = self.values.last().cloned()
            && (1..=LONGEST_FILLED).contains(&length)
        {
            for _ in length..length.next_power_of_two() {
                self.push(", ").push_bind(last.clone());
            }
        }
        self
    }

    fn push_values<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) {
        for (position, value) in values.into_iter().enumerate() {
            if position > 0 {
                self.push(", ");
            }
            self.push_bind(value);
        }
    }

    /// Appends `(…), (…)`, the rows of a VALUES clause.
    pub fn push_rows<const N: usize>(&mut self, rows: impl IntoIterator<Item = [Value; N]>) -> &mut Self {
        for (position, row) in rows.into_iter().enumerate() {
            self.push(if position > 0 { ", (" } else { "(" });
            self.push_values(row);
            self.push(")");
        }
        self
    }

    fn built(&mut self) -> &mut String {
        self.text.to_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on_through_lists_and_rows() {
        let mut sql = Sql::new("SELECT a FROM t WHERE b = $1 AND c IN (").bind("x");
        sql.push_list([1_i64, 2])
            .push(") AND (d, e) IN (VALUES ")
            .push_rows([[3_i64.into(), 4_i64.into()]])
            .push(")");
        assert_eq!(
            sql.text,
            "SELECT a FROM t WHERE b = $1 AND c IN ($2, $3) AND (d, e) IN (VALUES ($4, $5))"
        );
        assert_eq!(sql.values.len(), 5);
    }

    #[test]
    fn lists_of_many_lengths_have_few_texts() {
        let list = |length: i64| {
            let mut sql = Sql::new("IN (");
            sql.push_list(0..length);
            sql
        };
        assert_eq!(list(3).text, "IN ($1, $2, $3, $4");
        assert_eq!(list(3).values.last(), Some(&Value::Int(Some(2))));
        assert_eq!(list(33).text, list(64).text);
        assert_eq!((list(0).values.len(), list(65).values.len()), (0, 65));
    }
}
