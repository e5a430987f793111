//! One open transaction of either engine, and the statements that run in it.

use std::borrow::Cow;

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{
    Arguments as _, AssertSqlSafe, Executor as _, Postgres, SqlSafeStr as _, SqlStr, Sqlite, Transaction,
};

use crate::sql::Value;
use crate::{Column, Engine, Error, FromRow, Row, Sql};

/// An open transaction. Dropped without a commit, it is rolled back.
pub struct Tx {
    arm: Arm,
    /// Set when PostgreSQL gave this transaction up for another's sake: the whole of it can be tried again.
    lost_a_race: bool,
}

pub(crate) enum Arm {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs the same expression on either engine's transaction, with the statement and its values as its query.
/// Built text is vouched for here: [`Sql`] joins nothing but static pieces.
macro_rules! on_either {
    ($this:ident, $sql:ident, |$tx:ident, $query:ident| $run:expr) => {
        match &mut $this.arm {
            Arm::Sqlite($tx) => {
                let $query = sqlx::query_with(sqlite_text($sql.text), sqlite_arguments($sql.values)?);
                $run
            }
            Arm::Postgres($tx) => {
                let $query = sqlx::query_with(postgres_text($sql.text), postgres_arguments($sql.values)?);
                $run
            }
        }
    };
}

impl From<Arm> for Tx {
    fn from(arm: Arm) -> Self {
        Tx { arm, lost_a_race: false }
    }
}

impl Tx {
    /// The engine behind this transaction, for the functions of [`crate::dialect`].
    pub fn engine(&self) -> Engine {
        match self.arm {
            Arm::Sqlite(_) => Engine::Sqlite,
            Arm::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement and returns the number of rows that it changed.
    pub async fn run(&mut self, sql: Sql) -> Result<u64, Error> {
        let changed =
            on_either!(self, sql, |tx, query| tx.execute(query).await.map(|done| done.rows_affected()));
        changed.map_err(|error| self.failed(error))
    }

    /// All rows of a query.
    pub async fn list<T: FromRow>(&mut self, sql: Sql) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        let ended = on_either!(self, sql, |tx, query| {
            let mut rows = tx.fetch(query);
            loop {
                match rows.try_next().await {
                    Ok(Some(row)) => found.push(T::from_row(&Row::from(row))?),
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            }
        });
        ended.map(|()| found).map_err(|error| self.failed(error))
    }

    /// The first row of a query, if there is one.
    pub async fn find<T: FromRow>(&mut self, sql: Sql) -> Result<Option<T>, Error> {
        let row = self.find_row(sql).await?;
        row.as_ref().map(T::from_row).transpose()
    }

    /// One cell of the first row of a query, if there is a row.
    pub async fn find_cell<T: Column>(&mut self, sql: Sql, column: &'static str) -> Result<Option<T>, Error> {
        let row = self.find_row(sql).await?;
        row.map(|row| row.get(column)).transpose()
    }

    async fn find_row(&mut self, sql: Sql) -> Result<Option<Row>, Error> {
        let row = on_either!(self, sql, |tx, query| {
            tx.fetch_optional(query).await.map(|row| row.map(Row::from))
        });
        row.map_err(|error| self.failed(error))
    }

    /// Asks the engine to parse and plan a statement without running it.
    ///
    /// # Errors
    /// Whatever the engine says of a text that it cannot run.
    pub async fn prepare(&mut self, text: &'static str) -> Result<(), Error> {
        let text = text.into_sql_str();
        let prepared = match &mut self.arm {
            Arm::Sqlite(tx) => tx.prepare(text).await.map(drop),
            Arm::Postgres(tx) => tx.prepare(text).await.map(drop),
        };
        prepared.map_err(|error| self.failed(error))
    }

    /// Runs a script of several statements, without values.
    pub(crate) async fn run_script(&mut self, script: &'static str) -> Result<(), Error> {
        let done = match &mut self.arm {
            Arm::Sqlite(tx) => tx.execute(sqlx::raw_sql(script)).await.map(drop),
            Arm::Postgres(tx) => tx.execute(sqlx::raw_sql(script)).await.map(drop),
        };
        done.map_err(|error| self.failed(error))
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        let done = match self.arm {
            Arm::Sqlite(tx) => tx.commit().await,
            Arm::Postgres(tx) => tx.commit().await,
        };
        done.map_err(Error::from)
    }

    pub(crate) async fn roll_back(self) {
        // A rollback that fails leaves a broken connection, which the pool replaces.
        let _ = match self.arm {
            Arm::Sqlite(tx) => tx.rollback().await,
            Arm::Postgres(tx) => tx.rollback().await,
        };
    }

    pub(crate) fn lost_a_race(&self) -> bool {
        self.lost_a_race
    }

    fn failed(&mut self, error: sqlx::Error) -> Error {
        self.lost_a_race |= is_race(&error);
        error.into()
    }
}

/// PostgreSQL's 40001 (serialisation failure) and 40P01 (deadlock); SQLite has neither.
fn is_race(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "40001" || code == "40P01")
}

/// The text for PostgreSQL: as it is written.
fn postgres_text(text: Cow<'static, str>) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

/// The text for SQLite: `?` instead of `$1`, `$2`, … where they count up, as built texts do.
///
/// To SQLite `$7` is a name, which it looks up in a list for every placeholder: preparing 3,000 of them takes
/// three times as long.
fn sqlite_text(text: Cow<'static, str>) -> SqlStr {
    let Cow::Owned(built) = &text else { return AssertSqlSafe(text).into_sql_str() };
    let mut pieces = built.split('$');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for (position, piece) in pieces.enumerate() {
        let number = (position + 1).to_string();
        match piece.strip_prefix(&number) {
            Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit()) => {
                plain.push('?');
                plain.push_str(rest);
            }
            _ => return AssertSqlSafe(text).into_sql_str(),
        }
    }
    AssertSqlSafe(plain).into_sql_str()
}

macro_rules! arguments {
    ($name:ident, $arguments:ty) => {
        fn $name(values: Vec<Value>) -> Result<$arguments, Error> {
            let mut arguments = <$arguments>::default();
            arguments.reserve(values.len(), 0);
            for value in values {
                match value {
                    Value::Int(value) => arguments.add(value),
                    Value::Double(value) => arguments.add(value),
                    Value::Bool(value) => arguments.add(value),
                    Value::Text(value) => arguments.add(value),
                }
                .map_err(|error| Error::from(sqlx::Error::Encode(error)))?;
            }
            Ok(arguments)
        }
    };
}

arguments!(sqlite_arguments, SqliteArguments);
arguments!(postgres_arguments, PgArguments);

#[cfg(test)]
mod tests {
    use super::sqlite_text;

    #[test]
    fn placeholders_that_count_up_lose_their_numbers_on_sqlite() {
        let text = |text: &str| sqlite_text(text.to_owned().into()).as_str().to_owned();
        assert_eq!(text("a = $1 AND b IN ($2, $3)"), "a = ? AND b IN (?, ?)");
        assert_eq!(text("a = $1 OR b = $1"), "a = $1 OR b = $1");
        assert_eq!(text("a = $2"), "a = $2");
        assert_eq!(text("a = $10"), "a = $10");
    }
}
