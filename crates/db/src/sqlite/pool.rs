//! A bounded number of connections, opened when they are needed and kept.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{Access, Connection, DatabaseFile, blocking};
use crate::Error;
use crate::error::NoConnection;

/// What the connections of a pool have in common.
#[derive(Debug)]
pub(crate) struct PoolOptions {
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
    /// At least 1.
    pub(crate) max_connections: usize,
    /// How long to wait for another process's lock on the file.
    pub(crate) busy_timeout: Duration,
    /// How long to wait for a connection.
    pub(crate) acquire_timeout: Duration,
    /// How long a connection may be used before its statements are ended; none for a writer, which is not to be
    /// interrupted half-way.
    pub(crate) statement_timeout: Option<Duration>,
}

/// Connections to one file. Cloning it is cheap; all clones share them.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    options: PoolOptions,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    file: OnceLock<Arc<DatabaseFile>>,
}

impl Pool {
    pub(crate) fn new(options: PoolOptions) -> Self {
        let permits = Arc::new(Semaphore::new(options.max_connections));
        Pool { shared: Arc::new(Shared { options, permits, idle: Mutex::default(), file: OnceLock::new() }) }
    }

    /// From now on the connections are to this file, and to none that may take its place.
    pub(crate) fn bind_to(&self, file: Arc<DatabaseFile>) {
        // A second file would be another database.
        let _ = self.shared.file.set(file);
    }

    /// Fails when the path does not lead to the file that the pool is bound to.
    pub(crate) fn check_file(&self) -> Result<(), Error> {
        self.shared.check_file()
    }

    /// Takes a connection, and waits for one while all are taken.
    pub(crate) async fn acquire(&self) -> Result<Lease, Error> {
        let permits = Arc::clone(&self.shared.permits);
        // The common case needs no timer.
        let permit = match Arc::clone(&permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => timeout(self.shared.options.acquire_timeout, permits.acquire_owned())
                .await
                .map_err(|_| Error::from(NoConnection::TimedOut))?
                .map_err(|_| Error::from(NoConnection::Closed))?,
        };
        let connection = match self.shared.idle().pop() {
            Some(connection) => connection,
            None => blocking(|| self.shared.connect())?,
        };
        let mut lease =
            Lease { connection: Some(connection), home: Arc::clone(&self.shared), _permit: permit };
        lease.start_the_clock()?;
        Ok(lease)
    }

    /// How many connections are in use, how many wait to be used, and how many there may be.
    pub(crate) fn usage(&self) -> (usize, usize, usize) {
        let max = self.shared.options.max_connections;
        (max - self.shared.permits.available_permits().min(max), self.shared.idle().len(), max)
    }

    /// Waits until all connections are back, and closes them. Later calls of [`Pool::acquire`] fail.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(self.shared.options.max_connections).unwrap_or(u32::MAX);
        let permits = self.shared.permits.acquire_many(all).await;
        self.shared.permits.close();
        drop(permits);
        self.shared.idle().clear();
    }
}

impl Shared {
    fn connect(&self) -> Result<Connection, Error> {
        let PoolOptions { path, access, busy_timeout, .. } = &self.options;
        Ok(Connection::open(path, *access, *busy_timeout)?)
    }

    fn check_file(&self) -> Result<(), Error> {
        self.file.get().map_or(Ok(()), |file| file.check())
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // Nothing that holds the lock can leave the list half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan: back in its pool when dropped, without a transaction.
pub(crate) struct Lease {
    connection: Option<Connection>,
    home: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// The connection; none only while the lease is being dropped.
    pub(crate) fn connection(&self) -> Result<&Connection, Error> {
        self.connection.as_ref().ok_or_else(|| NoConnection::Closed.into())
    }

    /// As [`Pool::check_file`].
    pub(crate) fn check_file(&self) -> Result<(), Error> {
        self.home.check_file()
    }

    fn start_the_clock(&mut self) -> Result<(), Error> {
        let deadline = self.home.options.statement_timeout.map(|limit| Instant::now() + limit);
        self.connection.as_mut().map_or(Ok(()), |connection| connection.set_deadline(deadline))?;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.is_in_transaction() && connection.run_script("ROLLBACK").is_err() {
            return;
        }
        if !self.home.permits.is_closed() {
            self.home.idle().push(connection);
        }
    }
}
