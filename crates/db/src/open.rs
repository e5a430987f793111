//! Opening a database: connections, then the schema.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool, SqliteConnection, SqlitePool};

use crate::database::DbArm;
use crate::schema::{self, UnknownHead};
use crate::tx::Arm;
use crate::url::Location;
use crate::writer::Writer;
use crate::{DatabaseUrl, Db, Error, Tx};

/// How to open a database.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions {
    /// Connections for reading (SQLite) or in all (PostgreSQL), at least 1.
    pub max_connections: u32,
    /// How long a write may wait for another process's lock on a SQLite file.
    pub busy_timeout: Duration,
    /// How long a statement on PostgreSQL may take.
    pub statement_timeout: Duration,
    /// Use a database although its alembic head is unknown, on the operator's word that the tables fit.
    pub allow_unknown_schema: bool,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of a SQLite file cannot be made.
    #[error("the folder {} cannot be created", .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// The URI holds parameters that the driver refuses.
    #[error("the PostgreSQL URI cannot be used")]
    Parameters(#[source] sqlx::Error),
    /// There are tables, but not MLflow's.
    #[error("the database holds tables that are not MLflow's ({}): use an empty one", .0.join(", "))]
    NotMlflow(Vec<String>),
    /// Tables without a note of the release that made them.
    #[error("the database has tables, but its alembic_version is empty: restore it from a backup")]
    NoHead,
    /// A release before 3.11 wrote it.
    #[error(
        "the database has the schema of an MLflow release before 3.11 (alembic head {0}): make a backup, then \
         run `mlflow db upgrade <uri>` once with an MLflow release from 3.11 to 3.18"
    )]
    TooOld(String),
    /// A release that we do not know wrote it.
    #[error(
        "the database has a schema that this server does not know (alembic head '{0}'; known are MLflow 3.11 \
         to 3.18): use a newer server, or --allow-unknown-schema at your own risk"
    )]
    UnknownHead(String),
    /// A statement failed.
    #[error("the database cannot be opened")]
    Db(#[from] Error),
}

/// How long a request may wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

impl Db {
    /// Opens a database, creating MLflow's schema in an empty one.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open(url: &DatabaseUrl, options: OpenOptions) -> Result<Db, OpenError> {
        match &url.0 {
            Location::Sqlite(path) => open_sqlite(path, options).await,
            Location::Postgres(url) => {
                let connect = PgConnectOptions::from_url(url).map_err(OpenError::Parameters)?;
                open_postgres(connect, options).await
            }
        }
    }
}

async fn open_sqlite(path: &Path, options: OpenOptions) -> Result<Db, OpenError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    }
    let write = write_pool(path, options.busy_timeout).await?;
    let mut tx: Tx = Arm::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(Error::from)?).into();
    schema::ensure(&mut tx, options.unknown_head()).await?;
    tx.commit().await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(ready(Ok(is_clean(connection)))))
        .connect_lazy_with(sqlite_options(path, options.busy_timeout).pragma("query_only", "ON"));
    Ok(Db { arm: DbArm::Sqlite { readers, writer: Writer::start(write) } })
}

/// The writer's one connection. FULL makes a commit wait until the log is on disk.
async fn write_pool(path: &Path, busy_timeout: Duration) -> Result<SqlitePool, Error> {
    let options = sqlite_options(path, busy_timeout)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(ready(Ok(is_clean(connection)))))
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// SQLite ends a transaction by itself when the disk is full or fails. The driver still believes in it and
/// would refuse to begin another, so such a connection is closed and replaced.
fn is_clean(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

/// What MLflow sets on its connections too: foreign keys, a busy timeout, and LIKE that minds the case.
fn sqlite_options(path: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        .pragma("case_sensitive_like", "ON")
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

async fn open_postgres(connect: PgConnectOptions, options: OpenOptions) -> Result<Db, OpenError> {
    // The pool would try again until its time is up; a first connection of our own says at once what is wrong.
    PgConnection::connect_with(&connect).await.map_err(Error::from)?.close().await.map_err(Error::from)?;
    let pool: PgPool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(move |connection, _| Box::pin(bound_statements(connection, options.statement_timeout)))
        .connect_with(connect.application_name("forebay").disable_statement_logging())
        .await
        .map_err(Error::from)?;
    let mut tx: Tx = Arm::Postgres(pool.begin().await.map_err(Error::from)?).into();
    schema::ensure(&mut tx, options.unknown_head()).await?;
    tx.commit().await?;
    Ok(Db { arm: DbArm::Postgres(pool) })
}

/// Ends statements whose request was given up long ago; they would keep their connection busy.
async fn bound_statements(connection: &mut PgConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    let set = sqlx::query("SELECT set_config('statement_timeout', $1, false)");
    set.bind(timeout.as_millis().to_string()).execute(connection).await.map(drop)
}

impl OpenOptions {
    fn unknown_head(self) -> UnknownHead {
        if self.allow_unknown_schema { UnknownHead::Accept } else { UnknownHead::Refuse }
    }
}
