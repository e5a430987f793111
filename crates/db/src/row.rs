//! A result row of either engine, read by column name.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, Row as _, TypeInfo as _};

use crate::Error;

/// One result row.
pub struct Row(Cells);

enum Cells {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Row(Cells::Sqlite(row))
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Row(Cells::Postgres(row))
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

impl Row {
    /// The cell of that name.
    ///
    /// # Errors
    /// [`Error::Inconsistent`] for a column that is missing, NULL where `T` is no `Option`, or of another type.
    pub fn get<T: Column>(&self, column: &'static str) -> Result<T, Error> {
        T::read(self, column)
    }
}

fn inconsistent(column: &'static str, error: &sqlx::Error) -> Error {
    Error::Inconsistent { column, reason: error.to_string() }
}

/// SQLite types belong to values, not to columns: the unchecked read lets the engine convert, as it does for
/// every other client. PostgreSQL's checked read refuses what the schema does not promise.
macro_rules! read_column {
    ($($type:ty),+) => {$(
        impl Column for Option<$type> {
            fn read(row: &Row, column: &'static str) -> Result<Self, Error> {
                match &row.0 {
                    Cells::Sqlite(row) => row.try_get_unchecked(column),
                    Cells::Postgres(row) => row.try_get(column),
                }
                .map_err(|error| inconsistent(column, &error))
            }
        }
    )+};
}

read_column!(f64, bool, String);

impl Column for Option<i64> {
    fn read(row: &Row, column: &'static str) -> Result<Self, Error> {
        match &row.0 {
            Cells::Sqlite(row) => row.try_get_unchecked(column),
            Cells::Postgres(row) => postgres_int(row, column),
        }
        .map_err(|error| inconsistent(column, &error))
    }
}

/// MLflow's ids and states are INTEGER, its times BIGINT; both are `i64` above this crate.
fn postgres_int(row: &PgRow, column: &'static str) -> Result<Option<i64>, sqlx::Error> {
    if row.try_column(column)?.type_info().name() == "INT4" {
        return Ok(row.try_get::<Option<i32>, _>(column)?.map(i64::from));
    }
    row.try_get(column)
}

macro_rules! read_not_null {
    ($($type:ty),+) => {$(
        impl Column for $type {
            fn read(row: &Row, column: &'static str) -> Result<Self, Error> {
                let cell: Option<$type> = row.get(column)?;
                cell.ok_or_else(|| Error::Inconsistent { column, reason: "NULL".to_owned() })
            }
        }
    )+};
}

read_not_null!(i64, f64, bool, String);
