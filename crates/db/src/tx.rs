//! One open transaction of either engine, and the statements that run in it.

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{
    Arguments as _, AssertSqlSafe, Executor as _, Postgres, SqlSafeStr as _, SqlStr, Sqlite, Transaction,
};

use crate::row::Cells;
use crate::sql::{Text, Value};
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
        let changed = match &mut self.arm {
            Arm::Sqlite(tx) => {
                let (text, values) = sqlite(sql)?;
                tx.execute(sqlx::query_with(text, values)).await.map(|done| done.rows_affected())
            }
            Arm::Postgres(tx) => {
                let (text, values) = postgres(sql)?;
                tx.execute(sqlx::query_with(text, values)).await.map(|done| done.rows_affected())
            }
        };
        changed.map_err(|error| self.failed(error))
    }

    /// All rows of a query.
    pub async fn list<T: FromRow>(&mut self, sql: Sql) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        let ended = match &mut self.arm {
            Arm::Sqlite(tx) => {
                let (text, values) = sqlite(sql)?;
                let mut rows = tx.fetch(sqlx::query_with(text, values));
                loop {
                    match rows.try_next().await {
                        Ok(Some(row)) => found.push(T::from_row(&Row(Cells::Sqlite(row)))?),
                        Ok(None) => break Ok(()),
                        Err(error) => break Err(error),
                    }
                }
            }
            Arm::Postgres(tx) => {
                let (text, values) = postgres(sql)?;
                let mut rows = tx.fetch(sqlx::query_with(text, values));
                loop {
                    match rows.try_next().await {
                        Ok(Some(row)) => found.push(T::from_row(&Row(Cells::Postgres(row)))?),
                        Ok(None) => break Ok(()),
                        Err(error) => break Err(error),
                    }
                }
            }
        };
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
        let row = match &mut self.arm {
            Arm::Sqlite(tx) => {
                let (text, values) = sqlite(sql)?;
                let row = tx.fetch_optional(sqlx::query_with(text, values)).await;
                row.map(|row| row.map(Cells::Sqlite))
            }
            Arm::Postgres(tx) => {
                let (text, values) = postgres(sql)?;
                let row = tx.fetch_optional(sqlx::query_with(text, values)).await;
                row.map(|row| row.map(Cells::Postgres))
            }
        };
        row.map(|row| row.map(Row)).map_err(|error| self.failed(error))
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

/// The one place where built text is vouched for: [`Sql`] joins nothing but static pieces.
fn safe(text: Text) -> SqlStr {
    match text {
        Text::Static(text) => text.into_sql_str(),
        Text::Built(text) => AssertSqlSafe(text).into_sql_str(),
    }
}

macro_rules! arguments {
    ($name:ident, $arguments:ty) => {
        fn $name(sql: Sql) -> Result<(SqlStr, $arguments), Error> {
            let mut arguments = <$arguments>::default();
            arguments.reserve(sql.values.len(), 0);
            for value in sql.values {
                match value {
                    Value::Int(value) => arguments.add(value),
                    Value::Double(value) => arguments.add(value),
                    Value::Bool(value) => arguments.add(value),
                    Value::Text(value) => arguments.add(value),
                }
                .map_err(|error| Error::Statement(sqlx::Error::Encode(error)))?;
            }
            Ok((safe(sql.text), arguments))
        }
    };
}

arguments!(sqlite, SqliteArguments);
arguments!(postgres, PgArguments);
