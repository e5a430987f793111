//! One open transaction of either engine, and the statements that run in it.

use std::future::ready;

use futures_util::future::BoxFuture;

use crate::{Cell, Column, Engine, Error, FromRow, Insert, Row, Sql, postgres, sqlite};

/// An open transaction, or a connection for one query. Dropped without a commit, it is rolled back.
pub struct Tx {
    arm: Arm,
    /// Set when PostgreSQL gave this transaction up for another's sake: the whole of it can be tried again.
    lost_a_race: bool,
}

pub(crate) enum Arm {
    Sqlite(sqlite::Transaction),
    Postgres(postgres::Transaction),
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
        match &mut self.arm {
            Arm::Sqlite(tx) => tx.run(sql),
            Arm::Postgres(tx) => tx
                .pulse
                .watch(postgres::run(&mut tx.inner, sql))
                .await
                .map_err(|failure| failed(&mut self.lost_a_race, failure)),
        }
    }

    /// Inserts rows and returns how many rows that changed.
    ///
    /// The rows are taken at once, before the answer is waited for, so they may be borrowed from anywhere.
    pub fn insert<'v, const N: usize>(
        &mut self,
        insert: Insert,
        rows: impl IntoIterator<Item = [Cell<'v>; N]>,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        let Tx { arm, lost_a_race } = self;
        match arm {
            Arm::Sqlite(tx) => {
                let inserted = tx.insert(insert, rows.into_iter());
                Box::pin(ready(inserted))
            }
            Arm::Postgres(tx) => {
                let statements = postgres::inserts(insert, rows.into_iter());
                Box::pin(async move {
                    let inserted = tx.pulse.watch(postgres::run_all(&mut tx.inner, statements)).await;
                    inserted.map_err(|failure| failed(lost_a_race, failure))
                })
            }
        }
    }

    /// All rows of a query.
    pub async fn list<T: FromRow>(&mut self, sql: Sql) -> Result<Vec<T>, Error> {
        match &mut self.arm {
            Arm::Sqlite(tx) => tx.list(sql),
            Arm::Postgres(tx) => tx
                .pulse
                .watch(postgres::list(&mut tx.inner, sql))
                .await
                .map_err(|failure| failed(&mut self.lost_a_race, failure)),
        }
    }

    /// Shows `visitor` every row of a query, in order, where it lies.
    pub fn visit<'t>(
        &'t mut self,
        sql: Sql,
        mut visitor: impl FnMut(&Row) -> Result<(), Error> + Send + 't,
    ) -> BoxFuture<'t, Result<(), Error>> {
        let Tx { arm, lost_a_race } = self;
        match arm {
            Arm::Sqlite(tx) => Box::pin(ready(tx.visit(sql, visitor))),
            Arm::Postgres(tx) => Box::pin(async move {
                let visited = tx.pulse.watch(postgres::visit(&mut tx.inner, sql, &mut visitor)).await;
                visited.map_err(|failure| failed(lost_a_race, failure))
            }),
        }
    }

    /// The first row of a query, if there is one.
    pub async fn find<T: FromRow>(&mut self, sql: Sql) -> Result<Option<T>, Error> {
        self.find_and_read(sql, T::from_row).await
    }

    /// One cell of the first row of a query, if there is a row.
    pub async fn find_cell<T: Column>(&mut self, sql: Sql, column: &'static str) -> Result<Option<T>, Error> {
        self.find_and_read(sql, |row| row.get(column)).await
    }

    async fn find_and_read<T>(
        &mut self,
        sql: Sql,
        read: impl FnOnce(&Row) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match &mut self.arm {
            Arm::Sqlite(tx) => tx.find(sql, read),
            Arm::Postgres(tx) => tx
                .pulse
                .watch(postgres::find(&mut tx.inner, sql, read))
                .await
                .map_err(|failure| failed(&mut self.lost_a_race, failure)),
        }
    }

    /// Asks the engine to parse and plan a statement without running it.
    ///
    /// # Errors
    /// Whatever the engine says of a text that it cannot run.
    pub async fn prepare(&mut self, text: &'static str) -> Result<(), Error> {
        match &mut self.arm {
            Arm::Sqlite(tx) => tx.prepare(text),
            Arm::Postgres(tx) => tx
                .pulse
                .watch(postgres::prepare(&mut tx.inner, text))
                .await
                .map_err(|failure| failed(&mut self.lost_a_race, failure)),
        }
    }

    /// Runs a script of several statements, without values.
    pub(crate) async fn run_script(&mut self, script: &'static str) -> Result<(), Error> {
        match &mut self.arm {
            Arm::Sqlite(tx) => tx.run_script(script),
            Arm::Postgres(tx) => tx
                .pulse
                .watch(postgres::run_script(&mut tx.inner, script))
                .await
                .map_err(|failure| failed(&mut self.lost_a_race, failure)),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self.arm {
            Arm::Sqlite(tx) => tx.commit(),
            Arm::Postgres(tx) => Ok(tx.commit().await?),
        }
    }

    pub(crate) async fn roll_back(self) {
        match self.arm {
            Arm::Sqlite(tx) => drop(tx),
            Arm::Postgres(tx) => tx.roll_back().await,
        }
    }

    pub(crate) fn lost_a_race(&self) -> bool {
        self.lost_a_race
    }
}

/// What a failure means to the caller; `lost_a_race` is set when it was another transaction's doing.
fn failed(lost_a_race: &mut bool, failure: postgres::Failure) -> Error {
    match failure {
        postgres::Failure::Row(error) => error,
        postgres::Failure::Driver(error) => {
            *lost_a_race |= postgres::is_race(&error);
            error.into()
        }
    }
}
