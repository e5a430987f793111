//! Rows to insert: many at once, one text for both engines, with values that are borrowed.
//!
//! SQLite prepares the statement for one row and runs it for each. PostgreSQL, where every statement is a message
//! to another process, takes them many at a time: a few as rows, more as an array for each column, whose text is the same
//! for any number of them.

use std::fmt::Write as _;

/// Rows that one statement on PostgreSQL carries, far below its limit on placeholders.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;

/// An INSERT without its rows.
#[derive(Debug, Clone, Copy)]
pub struct Insert {
    /// Up to and including `VALUES `.
    pub head: &'static str,
    /// What follows the rows, as `ON CONFLICT …`; may be empty.
    pub tail: &'static str,
}

/// A value in a row to be inserted. `None` is SQL's NULL of that type, which PostgreSQL wants to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'v> {
    /// BIGINT, and INTEGER by the engine's own cast.
    Int(Option<i64>),
    /// DOUBLE PRECISION.
    Double(Option<f64>),
    /// BOOLEAN.
    Bool(Option<bool>),
    /// TEXT and VARCHAR.
    Text(Option<&'v str>),
}

impl Insert {
    /// The statement for `n_rows` rows of `n_cells` values, with placeholders that count on.
    pub(crate) fn text(self, n_rows: usize, n_cells: usize) -> String {
        let mut text = self.head.to_owned();
        for number in 1..=n_rows * n_cells {
            let separator = match (number, (number - 1) % n_cells) {
                (1, _) => "(",
                (_, 0) => "), (",
                _ => ", ",
            };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}${number}");
        }
        text.push(')');
        text.push_str(self.tail);
        text
    }

    /// The statement for any number of rows on PostgreSQL, whose columns are arrays of these types.
    pub(crate) fn text_of_arrays(self, types: &[&'static str]) -> String {
        let mut text = self.head.trim_end_matches("VALUES ").to_owned();
        text.push_str("SELECT * FROM unnest(");
        for (position, array_type) in types.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}CAST(${} AS {array_type}[])", position + 1);
        }
        text.push(')');
        text.push_str(self.tail);
        text
    }
}

macro_rules! cell_from {
    ($($arm:ident $get:ident: $type:ty),+ $(,)?) => {$(
        impl<'v> Cell<'v> {
            /// The value, if it is one of this type.
            pub(crate) fn $get(self) -> Option<$type> {
                match self {
                    Cell::$arm(value) => value,
                    _ => None,
                }
            }
        }
        impl<'v> From<$type> for Cell<'v> {
            fn from(value: $type) -> Self {
                Cell::$arm(Some(value))
            }
        }
        impl<'v> From<Option<$type>> for Cell<'v> {
            fn from(value: Option<$type>) -> Self {
                Cell::$arm(value)
            }
        }
    )+};
}

cell_from! { Int as_int: i64, Double as_double: f64, Bool as_bool: bool, Text as_text: &'v str }

impl<'v> From<&'v String> for Cell<'v> {
    fn from(value: &'v String) -> Self {
        Cell::Text(Some(value))
    }
}

impl<'v> From<&'v Option<String>> for Cell<'v> {
    fn from(value: &'v Option<String>) -> Self {
        Cell::Text(value.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on_from_row_to_row() {
        let insert = Insert { head: "INSERT INTO t (a, b) VALUES ", tail: " ON CONFLICT DO NOTHING" };
        assert_eq!(insert.text(1, 1), "INSERT INTO t (a, b) VALUES ($1) ON CONFLICT DO NOTHING");
        assert_eq!(
            insert.text(2, 2),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn arrays_take_the_place_of_rows() {
        let insert = Insert { head: "INSERT INTO t (a, b) VALUES ", tail: " ON CONFLICT DO NOTHING" };
        assert_eq!(
            insert.text_of_arrays(&["BIGINT", "TEXT"]),
            "INSERT INTO t (a, b) SELECT * FROM unnest(CAST($1 AS BIGINT[]), CAST($2 AS TEXT[])) ON CONFLICT DO NOTHING"
        );
    }
}
