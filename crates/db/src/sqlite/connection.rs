//! One open connection, with what MLflow sets on its own: foreign keys, a busy timeout, LIKE that minds the case.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{OpenFlags, Statement};

use super::bind::{self, SqliteText};
use crate::Cell;
use crate::sql::Value;

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 256;

/// Pages that the writer keeps in memory, in KiB: those that a big batch changes, so that none is written twice.
/// More would cost time: at the end of most transactions SQLite looks through all of them.
const WRITER_CACHE_KIB: i64 = 8 * 1024;

/// Pages that a reader keeps in memory, in KiB: those that are in the log. Every write makes it forget them.
const READER_CACHE_KIB: i64 = 4 * 1024;

/// How much of the file a reader maps into its memory, in bytes: all of it. A page in the map is read without a system
/// call and without a copy. It is also the bound that SQLite is compiled with.
const READER_MAP_BYTES: i64 = 1 << 40;

/// Pages of the log (of 4 KiB) after which they go to their places in the file. More of them wear the disk less:
/// a page that changed often is moved once.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Steps of SQLite's virtual machine between two looks at the clock: some tenths of a millisecond.
const STEPS_PER_LOOK: i32 = 20_000;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Creates the file where there is none. A commit returns when the log is on disk.
    Write,
    /// Refuses every change.
    Read,
}

/// An open connection. Sent from thread to thread, used by one at a time.
pub(crate) struct Connection {
    raw: rusqlite::Connection,
}

impl Connection {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path, access: Access, busy_timeout: Duration) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_WRITE;
        let flags = match access {
            Access::Write => flags | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => flags,
        };
        let raw = rusqlite::Connection::open_with_flags(path, flags)?;
        raw.busy_timeout(busy_timeout)?;
        raw.set_prepared_statement_cache_capacity(STATEMENTS);
        raw.pragma_update(None, "foreign_keys", true)?;
        raw.pragma_update(None, "case_sensitive_like", true)?;
        match access {
            Access::Write => {
                raw.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
                raw.pragma_update(None, "synchronous", "full")?;
                raw.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
                raw.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
            }
            Access::Read => {
                raw.pragma_update(None, "query_only", true)?;
                raw.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
                raw.pragma_update_and_check(None, "mmap_size", READER_MAP_BYTES, |_| Ok(()))?;
            }
        }
        Ok(Connection { raw })
    }

    /// Ends a statement that runs after `deadline` with `SQLITE_INTERRUPT`; none lets it run.
    pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>) -> rusqlite::Result<()> {
        let is_late = deadline.map(|deadline| move || Instant::now() >= deadline);
        self.raw.progress_handler(STEPS_PER_LOOK, is_late)
    }

    /// Runs a statement and returns the number of rows that it changed.
    pub(crate) fn run(&self, text: &SqliteText, values: &[Value]) -> rusqlite::Result<u64> {
        self.with_statement(text, values, |statement| {
            // Statements that return rows, as a pragma does, are run to their end as well.
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            Ok::<_, rusqlite::Error>(())
        })?;
        Ok(self.raw.changes())
    }

    /// Runs a statement once for each row and returns the number of rows that changed.
    pub(crate) fn run_for_each<'v, const N: usize>(
        &self,
        text: &str,
        rows: impl Iterator<Item = [Cell<'v>; N]>,
    ) -> rusqlite::Result<u64> {
        let mut statement = self.raw.prepare_cached(text)?;
        let mut changed = 0;
        for row in rows {
            for (position, cell) in row.into_iter().enumerate() {
                bind::one(&mut statement, position + 1, cell)?;
            }
            changed += statement.raw_execute()?;
        }
        Ok(changed as u64)
    }

    /// Runs a query and shows `row` each row until it has had enough; it is also told the names of the columns.
    pub(crate) fn query<E: From<rusqlite::Error>>(
        &self,
        text: &SqliteText,
        values: &[Value],
        mut row: impl FnMut(&rusqlite::Row, &[String]) -> Result<Next, E>,
    ) -> Result<(), E> {
        self.with_statement(text, values, |statement| {
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.raw_query();
            while let Some(found) = rows.next()? {
                if row(found, &names)? == Next::Stop {
                    break;
                }
            }
            Ok(())
        })
    }

    fn with_statement<T, E: From<rusqlite::Error>>(
        &self,
        text: &SqliteText,
        values: &[Value],
        work: impl FnOnce(&mut Statement) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut statement = self.raw.prepare_cached(text.as_str())?;
        bind::all(&mut statement, values)?;
        work(&mut statement)
    }

    /// Parses and plans a statement without running it.
    pub(crate) fn prepare(&self, text: &str) -> rusqlite::Result<()> {
        self.raw.prepare(text).map(drop)
    }

    /// Runs a script of several statements, without values.
    pub(crate) fn run_script(&self, script: &str) -> rusqlite::Result<()> {
        self.raw.execute_batch(script)
    }

    /// Whether a transaction is open. SQLite ends one by itself when the disk is full or fails.
    pub(crate) fn is_in_transaction(&self) -> bool {
        !self.raw.is_autocommit()
    }
}

/// Whether a query's reader wants another row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Row,
    Stop,
}
