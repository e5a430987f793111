//! PostgreSQL: how statements run on one of its connections.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{
    Arguments as _, AssertSqlSafe, Executor as _, PgConnection, PgPool, Postgres, SqlSafeStr as _, SqlStr,
};

use crate::insert::ROWS_PER_STATEMENT;
use crate::pulse::Pulse;
use crate::sql::Value;
use crate::{Cell, Error, FromRow, Insert, Row, Sql};

/// Up to so many rows are sent as rows, for which PostgreSQL has less to do than for arrays.
const FEW_ROWS: usize = 8;

/// The connections to one server.
#[derive(Clone)]
pub(crate) struct Pool {
    pub(crate) connections: PgPool,
    pub(crate) pulse: Arc<Pulse>,
}

/// An open transaction, or a connection for one query. Dropped without a commit, it is rolled back.
pub(crate) struct Transaction {
    pub(crate) inner: Session,
    pub(crate) pulse: Arc<Pulse>,
}

/// A connection on loan from the pool.
pub(crate) enum Session {
    /// In a transaction that ends with a commit or a rollback.
    Open(sqlx::Transaction<'static, Postgres>),
    /// Each statement is a transaction of its own.
    Lone(PoolConnection<Postgres>),
}

impl Deref for Session {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Session::Open(transaction) => transaction,
            Session::Lone(connection) => connection,
        }
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Session::Open(transaction) => transaction,
            Session::Lone(connection) => connection,
        }
    }
}

impl Pool {
    /// Takes a connection and opens a transaction with the statement `begin`.
    pub(crate) async fn begin(&self, begin: &'static str) -> Result<Transaction, Error> {
        // Large: handed over as a reference, it stands in the caller's future once.
        let opening = pin!(self.connections.begin_with(begin));
        let inner = Session::Open(self.pulse.watch(opening).await?);
        Ok(Transaction { inner, pulse: Arc::clone(&self.pulse) })
    }

    /// Takes a connection for one statement.
    pub(crate) async fn lend(&self) -> Result<Transaction, Error> {
        let lending = pin!(self.connections.acquire());
        let inner = Session::Lone(self.pulse.watch(lending).await?);
        Ok(Transaction { inner, pulse: Arc::clone(&self.pulse) })
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        self.connections.close().await;
    }
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self.inner {
            Session::Open(transaction) => self.pulse.watch(transaction.commit()).await,
            Session::Lone(_) => Ok(()),
        }
    }

    pub(crate) async fn roll_back(self) {
        // A rollback that fails leaves a broken connection, which the pool replaces.
        if let Session::Open(transaction) = self.inner
            && self.pulse.beats()
        {
            let _ = self.pulse.watch(transaction.rollback()).await;
        }
    }
}

/// A failed statement, before anybody has looked at what it means.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server or the connection.
    Driver(sqlx::Error),
    /// A row that does not hold what it should.
    Row(Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Failure::Driver(error)
    }
}

/// Runs a statement and returns the number of rows that it changed.
pub(crate) async fn run(connection: &mut PgConnection, sql: Sql) -> Result<u64, Failure> {
    let query = sqlx::query_with(text(sql.text), arguments(&sql.values)?);
    Ok(connection.execute(query).await?.rows_affected())
}

/// A statement and its values, ready to be sent.
pub(crate) type Bound = Query<'static, Postgres, PgArguments>;

/// The statements that insert these rows, many with each.
pub(crate) fn inserts<'v, const N: usize>(
    insert: Insert,
    mut rows: impl Iterator<Item = [Cell<'v>; N]>,
) -> Result<Vec<Bound>, sqlx::Error> {
    let mut statements = Vec::new();
    loop {
        let rows: Vec<[Cell; N]> = rows.by_ref().take(ROWS_PER_STATEMENT).collect();
        match rows.len() {
            0 => return Ok(statements),
            1..=FEW_ROWS => statements.push(insert_rows(insert, &rows)?),
            _ => statements.push(insert_arrays(insert, &rows)?),
        }
    }
}

fn insert_rows<const N: usize>(insert: Insert, rows: &[[Cell; N]]) -> Result<Bound, sqlx::Error> {
    let mut arguments = PgArguments::default();
    rows.iter().flatten().try_for_each(|cell| add(&mut arguments, *cell))?;
    Ok(sqlx::query_with(text(insert.text(rows.len(), N).into()), arguments))
}

/// The cells of a column have one type, which is that of the first.
fn insert_arrays<const N: usize>(insert: Insert, rows: &[[Cell; N]]) -> Result<Bound, sqlx::Error> {
    let (mut arguments, mut types) = (PgArguments::default(), Vec::with_capacity(N));
    for position in 0..N {
        let column = rows.iter().map(|row| row[position]);
        let first = std::mem::discriminant(&rows[0][position]);
        debug_assert!(column.clone().all(|cell| std::mem::discriminant(&cell) == first));
        let added = match rows[0][position] {
            Cell::Int(_) => {
                types.push("BIGINT");
                arguments.add(column.map(Cell::as_int).collect::<Vec<_>>())
            }
            Cell::Double(_) => {
                types.push("DOUBLE PRECISION");
                arguments.add(column.map(Cell::as_double).collect::<Vec<_>>())
            }
            Cell::Bool(_) => {
                types.push("BOOLEAN");
                arguments.add(column.map(Cell::as_bool).collect::<Vec<_>>())
            }
            Cell::Text(_) => {
                types.push("TEXT");
                arguments.add(column.map(Cell::as_text).collect::<Vec<_>>())
            }
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(sqlx::query_with(text(insert.text_of_arrays(&types).into()), arguments))
}

/// Runs statements one after the other and returns the number of rows that they changed.
pub(crate) async fn run_all(
    connection: &mut PgConnection,
    statements: Result<Vec<Bound>, sqlx::Error>,
) -> Result<u64, Failure> {
    let mut changed = 0;
    for statement in statements? {
        changed += connection.execute(statement).await?.rows_affected();
    }
    Ok(changed)
}

/// All rows of a query.
pub(crate) async fn list<T: FromRow>(connection: &mut PgConnection, sql: Sql) -> Result<Vec<T>, Failure> {
    let query = sqlx::query_with(text(sql.text), arguments(&sql.values)?);
    let (mut rows, mut found) = (connection.fetch(query), Vec::new());
    while let Some(row) = rows.try_next().await? {
        found.push(T::from_row(&Row::postgres(&row)).map_err(Failure::Row)?);
    }
    Ok(found)
}

/// Shows `visitor` every row of a query, in order.
pub(crate) async fn visit(
    connection: &mut PgConnection,
    sql: Sql,
    visitor: &mut (dyn FnMut(&Row) -> Result<(), Error> + Send),
) -> Result<(), Failure> {
    let query = sqlx::query_with(text(sql.text), arguments(&sql.values)?);
    let mut rows = connection.fetch(query);
    while let Some(row) = rows.try_next().await? {
        visitor(&Row::postgres(&row)).map_err(Failure::Row)?;
    }
    Ok(())
}

/// What `read` makes of the first row of a query, if there is one.
pub(crate) async fn find<T>(
    connection: &mut PgConnection,
    sql: Sql,
    read: impl FnOnce(&Row) -> Result<T, Error>,
) -> Result<Option<T>, Failure> {
    let query = sqlx::query_with(text(sql.text), arguments(&sql.values)?);
    let row = connection.fetch_optional(query).await?;
    row.map(|row| read(&Row::postgres(&row))).transpose().map_err(Failure::Row)
}

/// Parses and plans a statement without running it.
pub(crate) async fn prepare(connection: &mut PgConnection, text: &'static str) -> Result<(), Failure> {
    Ok(connection.prepare(text.into_sql_str()).await.map(drop)?)
}

/// Runs a script of several statements, without values.
pub(crate) async fn run_script(connection: &mut PgConnection, script: &'static str) -> Result<(), Failure> {
    Ok(connection.execute(sqlx::raw_sql(script)).await.map(drop)?)
}

/// 40001 (serialisation failure) and 40P01 (deadlock): the transaction was given up for another's sake.
pub(crate) fn is_race(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "40001" || code == "40P01")
}

/// Built text is vouched for here: [`Sql`] joins nothing but static pieces.
fn text(text: Cow<'static, str>) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

fn add(arguments: &mut PgArguments, cell: Cell) -> Result<(), sqlx::Error> {
    match cell {
        Cell::Int(value) => arguments.add(value),
        Cell::Double(value) => arguments.add(value),
        Cell::Bool(value) => arguments.add(value),
        Cell::Text(value) => arguments.add(value),
    }
    .map_err(sqlx::Error::Encode)
}

fn arguments(values: &[Value]) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        add(&mut arguments, value.as_cell())?;
    }
    Ok(arguments)
}
