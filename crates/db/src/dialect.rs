//! Where the engines differ, one named function each; everything else is the portable subset.
//!
//! The subset: TEXT, BIGINT, DOUBLE PRECISION and BOOLEAN columns of our own; MLflow's tables keep MLflow's
//! types. `ON CONFLICT`, `RETURNING`, CTE selects, window functions, row comparison and `NULLS LAST` are
//! allowed. Not in queries: `now()`, `greatest`, arrays, JSON operators, `ILIKE` (write
//! `lower(a) LIKE lower(b)`). NaN is stored as 0 with `is_nan`.

/// The database behind a [`crate::Db`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file, one writer, WAL.
    Sqlite,
    /// A server shared with other processes.
    Postgres,
}

impl Engine {
    /// The end of a LIKE comparison in which `%` and `_` are wildcards and nothing escapes them, as in MLflow.
    ///
    /// SQLite has no escape character unless one is named. PostgreSQL has the backslash unless it is taken
    /// away, and fails on a pattern that ends with one.
    pub fn like_end(self) -> &'static str {
        match self {
            Engine::Sqlite => "",
            Engine::Postgres => " ESCAPE ''",
        }
    }

    /// The end of a SELECT whose rows must not change before this transaction ends.
    ///
    /// SQLite has one writer at a time and no such clause. PostgreSQL lets other transactions read the rows
    /// and lock them the same way, and makes those that would change or delete them wait.
    pub fn lock_shared(self) -> &'static str {
        match self {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR SHARE",
        }
    }

    /// The end of a SELECT whose rows this transaction is about to change, but not their keys.
    ///
    /// SQLite has one writer at a time and no such clause. PostgreSQL makes other transactions wait that would
    /// lock or change the rows; those that only insert rows which refer to them go on.
    pub fn lock_exclusive(self) -> &'static str {
        match self {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR NO KEY UPDATE",
        }
    }

    /// The end of a SELECT whose rows this transaction is about to delete.
    ///
    /// SQLite has one writer at a time and no such clause. PostgreSQL also makes those wait that would insert
    /// rows which refer to them.
    pub fn lock_removal(self) -> &'static str {
        match self {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE",
        }
    }

    /// The column that tells any two rows of a table apart, as long as none of them is changed.
    ///
    /// SQLite numbers rows; PostgreSQL knows them by their place in the file.
    pub fn row_place(self) -> &'static str {
        match self {
            Engine::Sqlite => "rowid",
            Engine::Postgres => "ctid",
        }
    }

    /// Which column a condition is to be about: `first`, or `joined`, which equals it in a table that is joined to the
    /// first one by its key.
    ///
    /// SQLite joins in the order that is written, and tests what it can before it looks up the next row. PostgreSQL
    /// chooses the order itself, and tests a condition on the first table only behind the join.
    pub fn tested_column(self, first: &'static str, joined: &'static str) -> &'static str {
        match self {
            Engine::Sqlite => first,
            Engine::Postgres => joined,
        }
    }

    /// What stands before and behind two columns, a key and a value, to make of all rows the text of one JSON object.
    ///
    /// Each engine has a function of its own. SQLite makes an empty object of no rows, PostgreSQL NULL.
    pub fn json_object(self) -> [&'static str; 2] {
        match self {
            Engine::Sqlite => ["json_group_object(", ")"],
            Engine::Postgres => ["CAST(json_object_agg(", ") AS TEXT)"],
        }
    }

    /// A statement that finds the table `$1`, as its `name`.
    ///
    /// Each engine has a catalogue of its own.
    pub fn find_table(self) -> &'static str {
        match self {
            Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = $1",
            Engine::Postgres => {
                "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables
                 WHERE schemaname = current_schema() AND tablename = $1"
            }
        }
    }

    /// Opens a transaction whose statements all see one moment.
    ///
    /// SQLite fixes the moment at the first read; PostgreSQL needs REPEATABLE READ for it.
    pub(crate) fn begin_snapshot(self) -> &'static str {
        match self {
            Engine::Sqlite => "BEGIN DEFERRED",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// Opens a transaction that will write.
    ///
    /// SQLite takes the write lock at once, so that it cannot fail half-way with BUSY. PostgreSQL relies on
    /// row locks.
    pub(crate) fn begin_write(self) -> &'static str {
        match self {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }

    /// Opens a transaction that many writes share.
    ///
    /// As for any write on SQLite. On PostgreSQL it soon gives up a lock that somebody else holds, for which only some of
    /// them would have to wait.
    pub(crate) fn begin_shared_write(self) -> &'static str {
        match self {
            Engine::Sqlite => self.begin_write(),
            Engine::Postgres => {
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '200ms'"
            }
        }
    }

    /// Opens a transaction that will write and whose statements all see one moment.
    ///
    /// As for any write on SQLite, where nobody else writes meanwhile. On PostgreSQL a statement fails that would change
    /// what somebody else changed since that moment, and the transaction is run again.
    pub(crate) fn begin_write_snapshot(self) -> &'static str {
        match self {
            Engine::Sqlite => self.begin_write(),
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
        }
    }

    /// Makes others wait who want the same of a table, until this transaction ends; readers go on. As the first
    /// statement of a transaction it comes before the moment that the transaction sees.
    ///
    /// None on SQLite, where nobody else writes meanwhile.
    pub fn lock_table(self, statement: &'static str) -> Option<&'static str> {
        match self {
            Engine::Sqlite => None,
            Engine::Postgres => Some(statement),
        }
    }
}
