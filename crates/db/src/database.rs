//! [`Db`]: a database that is open, and the ways to use it: a read, a write, and a write that shares its transaction.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::job::{Group, Single};
use crate::metrics::{Access, Metrics};
use crate::tx::Arm;
use crate::usage::Usage;
use crate::writer::Writer;
use crate::{Engine, Error, Tx, postgres, sqlite};

/// The statements of one write: a function, not a closure, so that all it knows is in its input and it can be
/// run again when PostgreSQL gave its transaction up.
pub type WriteFn<I, T, E> = for<'a> fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T, E>>;

/// A hot write that can share its statements with others of its type.
pub trait Merge: Sized + Send + Sync + 'static {
    /// What the caller gets after the commit.
    type Reply: Send + 'static;
    /// The domain's error.
    type Error: From<Error> + Send + 'static;

    /// Whether members share a transaction on PostgreSQL as well, instead of running at once, each in its own. Those that do
    /// wait for the one before them, and [`Merge::apply`] has to lock rows in an order of its own.
    const SHARED_ON_POSTGRES: bool = false;

    /// About how many rows it writes, to bound a merged transaction.
    fn weight(&self) -> usize;

    /// Writes all members as if one after the other, in few statements; one result for each, in order. A
    /// member whose result is an error has written nothing.
    ///
    /// # Errors
    /// A failed statement: the transaction is lost, and each member is tried again alone.
    fn apply<'a>(tx: &'a mut Tx, members: &'a [Self])
    -> BoxFuture<'a, Result<Vec<MergeResult<Self>>, Error>>;
}

type MergeResult<M> = Result<<M as Merge>::Reply, <M as Merge>::Error>;

/// An open database. Cloning it is cheap; all clones share the connections.
#[derive(Clone)]
pub struct Db {
    pub(crate) arm: DbArm,
    pub(crate) metrics: Metrics,
}

#[derive(Clone)]
pub(crate) enum DbArm {
    Sqlite { readers: sqlite::Pool, writer: Writer },
    Postgres { pool: postgres::Pool, writer: Writer },
}

/// How often PostgreSQL may give up one write for another's sake before the caller hears of it.
pub(crate) const MAX_ATTEMPTS: u32 = 10;

/// How long a loser waits before its second attempt; before its third twice as long, and so on.
pub(crate) const PAUSE: Duration = Duration::from_millis(2);

impl Db {
    /// The engine behind it.
    pub fn engine(&self) -> Engine {
        match self.arm {
            DbArm::Sqlite { .. } => Engine::Sqlite,
            DbArm::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Opens a read-only transaction whose statements all see one moment. Drop it when done.
    pub async fn read(&self) -> Result<Tx, Error> {
        let begin = self.engine().begin_snapshot();
        let open = async {
            Ok(match &self.arm {
                DbArm::Sqlite { readers, .. } => {
                    Arm::Sqlite(sqlite::Transaction::begin(readers, begin).await?)
                }
                DbArm::Postgres { pool, .. } => Arm::Postgres(pool.begin(begin).await?),
            })
        };
        Ok(self.metrics.begin(Access::Read, open).await?.into())
    }

    /// For one query alone, which sees one moment as it is: there is no transaction, so that PostgreSQL is spared the
    /// statements around it. A second query on the same [`Tx`] may see another moment, and a write would stay.
    pub async fn read_once(&self) -> Result<Tx, Error> {
        let open = async {
            Ok(match &self.arm {
                DbArm::Sqlite { readers, .. } => Arm::Sqlite(sqlite::Transaction::lend(readers).await?),
                DbArm::Postgres { pool, .. } => Arm::Postgres(pool.lend().await?),
            })
        };
        Ok(self.metrics.begin(Access::Read, open).await?.into())
    }

    /// Runs `run` in a transaction of its own; the answer comes after the commit.
    pub async fn write<I, T, E>(&self, input: I, run: WriteFn<I, T, E>) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &self.arm {
            DbArm::Sqlite { writer, .. } => {
                let (reply, answer) = oneshot::channel();
                writer.submit(Box::new(Single { input, run, result: None, reply })).await?;
                answer.await.unwrap_or_else(|_| Err(Error::Stopped.into()))
            }
            DbArm::Postgres { pool, .. } => {
                self.write_with_retries(pool, Engine::Postgres.begin_write(), &input, run).await
            }
        }
    }

    /// The same, and all statements see one moment.
    pub async fn write_snapshot<I, T, E>(&self, input: I, run: WriteFn<I, T, E>) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &self.arm {
            // Nobody else writes meanwhile.
            DbArm::Sqlite { .. } => self.write(input, run).await,
            DbArm::Postgres { pool, .. } => {
                self.write_with_retries(pool, Engine::Postgres.begin_write_snapshot(), &input, run).await
            }
        }
    }

    /// Writes a member of a mergeable kind: together with others that wait, or alone on PostgreSQL, as its kind wants it.
    pub async fn merge<M: Merge>(&self, member: M) -> Result<M::Reply, M::Error> {
        match &self.arm {
            DbArm::Postgres { pool, .. } if !M::SHARED_ON_POSTGRES => {
                self.write_with_retries(pool, Engine::Postgres.begin_write(), &member, apply_alone).await
            }
            DbArm::Sqlite { writer, .. } | DbArm::Postgres { writer, .. } => {
                let (reply, answer) = oneshot::channel();
                writer.submit(Box::new(Group::of_one(member, reply))).await?;
                answer.await.unwrap_or_else(|_| Err(Error::Stopped.into()))
            }
        }
    }

    /// Lets queued writes finish and closes all connections.
    pub async fn close(&self) {
        match &self.arm {
            DbArm::Sqlite { readers, writer } => {
                writer.stop().await;
                readers.close().await;
            }
            DbArm::Postgres { pool, writer } => {
                writer.stop().await;
                pool.close().await;
            }
        }
    }

    /// How much of it is in use.
    pub(crate) fn usage(&self) -> Usage {
        match &self.arm {
            DbArm::Sqlite { readers, writer } => {
                let (in_use, idle, max) = readers.usage();
                Usage { in_use, idle, max, queue: writer.queue() }
            }
            DbArm::Postgres { pool, writer } => {
                // The two are not read at the same moment.
                let pool = &pool.connections;
                let (open, idle) = (pool.size() as usize, pool.num_idle());
                let max = pool.options().get_max_connections() as usize;
                Usage { in_use: open.saturating_sub(idle), idle, max, queue: writer.queue() }
            }
        }
    }

    /// Runs a write until PostgreSQL lets it through; the last attempt's error is the caller's.
    ///
    /// Only statements can lose a race: below SERIALIZABLE a commit does not.
    async fn write_with_retries<I, T, E>(
        &self,
        pool: &postgres::Pool,
        begin: &'static str,
        input: &I,
        run: WriteFn<I, T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        let mut attempt = 1;
        loop {
            let open = pool.begin(begin);
            let mut tx: Tx = Arm::Postgres(self.metrics.begin(Access::Write, open).await?).into();
            let result = run(&mut tx, input).await;
            let lost_a_race = tx.lost_a_race();
            match result {
                Ok(done) => return self.metrics.commit(tx).await.map(|()| done).map_err(E::from),
                Err(error) => {
                    tx.roll_back().await;
                    if !lost_a_race || attempt == MAX_ATTEMPTS {
                        return Err(error);
                    }
                }
            }
            self.metrics.retried();
            tokio::time::sleep(PAUSE * attempt).await;
            attempt += 1;
        }
    }
}

fn apply_alone<'a, M: Merge>(tx: &'a mut Tx, member: &'a M) -> BoxFuture<'a, MergeResult<M>> {
    Box::pin(async move {
        let mut results = M::apply(tx, std::slice::from_ref(member)).await?;
        results.pop().unwrap_or_else(|| Err(Error::NoOutcome.into()))
    })
}
