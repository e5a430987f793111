//! A result row of either engine, read by column name.

use rusqlite::types::ValueRef;
use sqlx::postgres::PgRow;
use sqlx::{Column as _, Row as _, TypeInfo as _};

use crate::Error;

/// One result row, as long as its statement stands on it.
pub struct Row<'a>(Cells<'a>);

enum Cells<'a> {
    Sqlite { row: &'a rusqlite::Row<'a>, columns: &'a [String] },
    Postgres(&'a PgRow),
}

impl<'a> Row<'a> {
    /// A row of SQLite, and the names of its columns.
    pub(crate) fn sqlite(row: &'a rusqlite::Row<'a>, columns: &'a [String]) -> Self {
        Row(Cells::Sqlite { row, columns })
    }

    pub(crate) fn postgres(row: &'a PgRow) -> Self {
        Row(Cells::Postgres(row))
    }

    /// The text of the cell of that name, where it lies.
    ///
    /// # Errors
    /// [`Error::Inconsistent`] for a column that is missing, NULL or of another type.
    pub fn text(&self, column: &'static str) -> Result<&str, Error> {
        match self.0 {
            Cells::Sqlite { row, columns } => match cell(row, columns, column)? {
                ValueRef::Text(bytes) => str::from_utf8(bytes).map_err(|error| inconsistent(column, &error)),
                other => Err(inconsistent(column, &format!("{other:?}"))),
            },
            Cells::Postgres(row) => row.try_get(column).map_err(|error| inconsistent(column, &error)),
        }
    }

    /// The cell of that name.
    ///
    /// # Errors
    /// [`Error::Inconsistent`] for a column that is missing, NULL where `T` is no `Option`, or of another type.
    pub fn get<T: Column>(&self, column: &'static str) -> Result<T, Error> {
        T::read(self, column)
    }
}

/// A struct that one row fills; `sql/<table>.rs` files implement it for their private row types.
pub trait FromRow: Sized {
    /// # Errors
    /// [`Error::Inconsistent`] when a cell does not hold what the schema promises.
    fn from_row(row: &Row) -> Result<Self, Error>;
}

/// A Rust type that a cell can be read as: `i64`, `f64`, `bool`, `String`, and `Option` of each.
pub trait Column: Sized {
    #[doc(hidden)]
    fn read(row: &Row, column: &'static str) -> Result<Self, Error>;
}

fn inconsistent(column: &'static str, reason: &impl ToString) -> Error {
    Error::Inconsistent { column, reason: reason.to_string() }
}

/// PostgreSQL's checked read refuses what the schema does not promise. SQLite's types belong to values, not to
/// columns, and MLflow stores a step of 0.5 there as it is: numbers are converted, as SQLite does when it is asked.
macro_rules! read_column {
    ($($type:ty: $sqlite:ident, $postgres:ident;)+) => {$(
        impl Column for Option<$type> {
            fn read(row: &Row, column: &'static str) -> Result<Self, Error> {
                match row.0 {
                    Cells::Sqlite { row, columns } => $sqlite(cell(row, columns, column)?)
                        .map_err(|other| inconsistent(column, &format!("{other:?}"))),
                    Cells::Postgres(row) => {
                        $postgres(row, column).map_err(|error| inconsistent(column, &error))
                    }
                }
            }
        }

        impl Column for $type {
            fn read(row: &Row, column: &'static str) -> Result<Self, Error> {
                let cell: Option<$type> = row.get(column)?;
                cell.ok_or_else(|| inconsistent(column, &"NULL"))
            }
        }
    )+};
}

read_column! {
    i64: sqlite_int, postgres_int;
    f64: sqlite_double, postgres_cell;
    bool: sqlite_bool, postgres_cell;
    String: sqlite_text, postgres_cell;
}

fn cell<'a>(
    row: &'a rusqlite::Row<'a>,
    columns: &[String],
    column: &'static str,
) -> Result<ValueRef<'a>, Error> {
    // A few names: comparing them is quicker than a map.
    let index = columns.iter().position(|name| name == column);
    let index = index.ok_or_else(|| inconsistent(column, &"the statement has no such column"))?;
    row.get_ref(index).map_err(|error| inconsistent(column, &error))
}

fn sqlite_int(cell: ValueRef) -> Result<Option<i64>, ValueRef> {
    match cell {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(value) => Ok(Some(value)),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "SQLite's own cast cuts off and saturates as well"
        )]
        ValueRef::Real(value) => Ok(Some(value as i64)),
        other => Err(other),
    }
}

fn sqlite_double(cell: ValueRef) -> Result<Option<f64>, ValueRef> {
    match cell {
        ValueRef::Null => Ok(None),
        ValueRef::Real(value) => Ok(Some(value)),
        #[expect(clippy::cast_precision_loss, reason = "a column of doubles holds what a double can hold")]
        ValueRef::Integer(value) => Ok(Some(value as f64)),
        other => Err(other),
    }
}

fn sqlite_bool(cell: ValueRef) -> Result<Option<bool>, ValueRef> {
    sqlite_int(cell).map(|value| value.map(|value| value != 0))
}

fn sqlite_text(cell: ValueRef) -> Result<Option<String>, ValueRef> {
    match cell {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(cell),
        },
        ValueRef::Integer(value) => Ok(Some(value.to_string())),
        ValueRef::Real(value) => Ok(Some(value.to_string())),
        ValueRef::Blob(_) => Err(cell),
    }
}

fn postgres_cell<'r, T>(row: &'r PgRow, column: &'static str) -> Result<Option<T>, sqlx::Error>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(column)
}

/// MLflow's ids and states are INTEGER, its times BIGINT; both are `i64` above this crate.
fn postgres_int(row: &PgRow, column: &'static str) -> Result<Option<i64>, sqlx::Error> {
    if row.try_column(column)?.type_info().name() == "INT4" {
        return Ok(row.try_get::<Option<i32>, _>(column)?.map(i64::from));
    }
    row.try_get(column)
}
