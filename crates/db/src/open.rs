//! Opening a database: connections, then the schema.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgPool, SqliteConnection, SqlitePool};

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

/// How long a statement may wait for another process's lock, as in MLflow.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a request may wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

impl Db {
    /// Opens a database, creating MLflow's schema in an empty one.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open(url: &DatabaseUrl, options: OpenOptions) -> Result<Db, OpenError> {
        let unknown = if options.allow_unknown_schema { UnknownHead::Accept } else { UnknownHead::Refuse };
        match &url.0 {
            Location::Sqlite(path) => open_sqlite(path, options.max_connections, unknown).await,
            Location::Postgres(url) => {
                let connect = PgConnectOptions::from_url(url).map_err(OpenError::Parameters)?;
                open_postgres(connect, options.max_connections, unknown).await
            }
        }
    }
}

async fn open_sqlite(path: &Path, max_connections: u32, unknown: UnknownHead) -> Result<Db, OpenError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    }
    let write = write_pool(path).await?;
    let mut tx: Tx = Arm::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(Error::from)?).into();
    schema::ensure(&mut tx, unknown).await?;
    tx.commit().await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(ready(Ok(is_clean(connection)))))
        .connect_lazy_with(sqlite_options(path).pragma("query_only", "ON"));
    Ok(Db { arm: DbArm::Sqlite { readers, writer: Writer::start(write) } })
}

/// The writer's one connection. FULL makes a commit wait until the log is on disk.
async fn write_pool(path: &Path) -> Result<SqlitePool, Error> {
    let options = sqlite_options(path)
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
fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("case_sensitive_like", "ON")
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

async fn open_postgres(
    connect: PgConnectOptions,
    max_connections: u32,
    unknown: UnknownHead,
) -> Result<Db, OpenError> {
    let pool: PgPool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(connect.application_name("forebay").disable_statement_logging())
        .await
        .map_err(Error::from)?;
    let mut tx: Tx = Arm::Postgres(pool.begin().await.map_err(Error::from)?).into();
    schema::ensure(&mut tx, unknown).await?;
    tx.commit().await?;
    Ok(Db { arm: DbArm::Postgres(pool) })
}
