//! A connection of a pool with an open transaction, or for one query. Dropped without a commit, it is rolled back.

use std::borrow::Cow;

use super::connection::Next;
use super::{Connection, Lease, Pool, blocking};
use crate::{Cell, Error, FromRow, Insert, Row, Sql};

/// An open transaction, or a connection for one query.
pub(crate) struct Transaction {
    lease: Lease,
}

impl Transaction {
    /// Takes a connection from `pool` and opens a transaction with the statement `begin`.
    pub(crate) async fn begin(pool: &Pool, begin: &'static str) -> Result<Self, Error> {
        pool.check_file()?;
        let lease = pool.acquire().await?;
        let connection = lease.connection()?;
        blocking(|| connection.run(&Cow::Borrowed(begin).into(), &[]))?;
        Ok(Transaction { lease })
    }

    /// Takes a connection from `pool` for one statement, which is a transaction of its own.
    pub(crate) async fn lend(pool: &Pool) -> Result<Self, Error> {
        pool.check_file()?;
        Ok(Transaction { lease: pool.acquire().await? })
    }

    /// Runs a statement and returns the number of rows that it changed.
    pub(crate) fn run(&self, sql: Sql) -> Result<u64, Error> {
        let connection = self.connection()?;
        Ok(blocking(|| connection.run(&sql.text.into(), &sql.values))?)
    }

    /// Inserts rows and returns how many that changed.
    pub(crate) fn insert<'v, const N: usize>(
        &self,
        insert: Insert,
        rows: impl Iterator<Item = [Cell<'v>; N]>,
    ) -> Result<u64, Error> {
        let connection = self.connection()?;
        Ok(blocking(|| connection.run_for_each(&insert.text(1, N), rows))?)
    }

    /// All rows of a query.
    pub(crate) fn list<T: FromRow>(&self, sql: Sql) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        self.visit(sql, |row| {
            found.push(T::from_row(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Shows `visitor` every row of a query, in order.
    pub(crate) fn visit(
        &self,
        sql: Sql,
        mut visitor: impl FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let connection = self.connection()?;
        blocking(|| {
            connection.query(&sql.text.into(), &sql.values, |row, columns| {
                visitor(&Row::sqlite(row, columns))?;
                Ok::<_, Error>(Next::Row)
            })
        })
    }

    /// What `read` makes of the first row of a query, if there is one.
    pub(crate) fn find<T>(
        &self,
        sql: Sql,
        read: impl FnOnce(&Row) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let (mut read, mut found) = (Some(read), None);
        let connection = self.connection()?;
        blocking(|| {
            connection.query(&sql.text.into(), &sql.values, |row, columns| {
                found = read.take().map(|read| read(&Row::sqlite(row, columns))).transpose()?;
                Ok::<_, Error>(Next::Stop)
            })
        })?;
        Ok(found)
    }

    /// Parses and plans a statement without running it.
    pub(crate) fn prepare(&self, text: &str) -> Result<(), Error> {
        Ok(self.connection()?.prepare(text)?)
    }

    /// Runs a script of several statements, without values.
    pub(crate) fn run_script(&self, script: &str) -> Result<(), Error> {
        let connection = self.connection()?;
        Ok(blocking(|| connection.run_script(script))?)
    }

    /// # Errors
    /// A failed commit, and [`Error::Moved`] when it went to a file that is not the database's any more.
    pub(crate) fn commit(self) -> Result<(), Error> {
        self.run_script("COMMIT")?;
        self.lease.check_file()
    }

    fn connection(&self) -> Result<&Connection, Error> {
        self.lease.connection()
    }
}
