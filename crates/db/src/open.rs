//! Opening a database: connections, then the schema.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use crate::database::DbArm;
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::schema::{self, UnknownHead};
use crate::tx::Arm;
use crate::url::Location;
use crate::writer::Writer;
use crate::{DatabaseUrl, Db, Engine, Error, Tx, postgres, sqlite};

/// How to open a database.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions {
    /// Connections for reading (SQLite) or in all (PostgreSQL), at least 1.
    pub max_connections: u32,
    /// How long a write may wait for another process's lock on a SQLite file.
    pub busy_timeout: Duration,
    /// How long a statement on PostgreSQL, or a transaction that reads on SQLite, may take.
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
    /// A command that works on what is there found nothing.
    #[error("there is no MLflow database: its file is missing, or it has no tables")]
    Empty,
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
    /// MLflow's tables are fine, but ours cannot be made beside them.
    #[error("the tables of our own (forebay_…) cannot be made: this role must be allowed to create tables")]
    OwnTables(#[source] Error),
    /// The SQLite file that was just opened is not there.
    #[error("the database file cannot be found")]
    File(#[source] std::io::Error),
    /// The system has no thread for the writer.
    #[error("the thread that writes cannot be started")]
    Thread(#[source] std::io::Error),
    /// A statement failed.
    #[error("the database cannot be opened")]
    Db(#[from] Error),
}

/// How long a request may wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may rest until it is asked whether it still is one.
const FRESH: Duration = Duration::from_millis(100);

/// Statements that a connection to PostgreSQL keeps prepared.
const STATEMENTS: usize = 256;

impl Db {
    /// Opens a database, creating MLflow's schema in an empty one, and our own tables where they are missing.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open(url: &DatabaseUrl, options: OpenOptions) -> Result<Db, OpenError> {
        open(url, options, Metrics::default()).await
    }

    /// Opens a database as [`Db::open`] does, and counts into `registry` what happens with it.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open_measured(
        url: &DatabaseUrl,
        options: OpenOptions,
        registry: &mut Registry,
    ) -> Result<Db, OpenError> {
        let db = open(url, options, Metrics::counting()).await?;
        db.metrics.register(registry, db.clone());
        Ok(db)
    }

    /// Opens a database that must be there; nothing in it changes before the first write.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open_existing(url: &DatabaseUrl, options: OpenOptions) -> Result<Db, OpenError> {
        let metrics = Metrics::default();
        let arm = match &url.0 {
            Location::Sqlite(path) if !path.is_file() => return Err(OpenError::Empty),
            Location::Sqlite(path) => {
                let (readers, write) = sqlite_pools(path, options);
                DbArm::Sqlite { readers, writer: Writer::start(write, metrics.clone())? }
            }
            Location::Postgres(url) => {
                let connect = PgConnectOptions::from_url(url).map_err(OpenError::Parameters)?;
                let pool = postgres_pool(connect, options).await?;
                DbArm::Postgres { writer: Writer::spawn(pool.clone(), metrics.clone()), pool }
            }
        };
        let db = Db { arm, metrics };
        schema::check(&mut db.read().await?, options.unknown_head()).await?;
        Ok(db)
    }
}

async fn open(url: &DatabaseUrl, options: OpenOptions, metrics: Metrics) -> Result<Db, OpenError> {
    let arm = match &url.0 {
        Location::Sqlite(path) => open_sqlite(path, options, metrics.clone()).await?,
        Location::Postgres(url) => {
            let connect = PgConnectOptions::from_url(url).map_err(OpenError::Parameters)?;
            open_postgres(connect, options, metrics.clone()).await?
        }
    };
    Ok(Db { arm, metrics })
}

async fn open_sqlite(path: &Path, options: OpenOptions, metrics: Metrics) -> Result<DbArm, OpenError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    }
    let (readers, write) = sqlite_pools(path, options);
    let begin = Engine::Sqlite.begin_write();
    let mut tx: Tx = Arm::Sqlite(sqlite::Transaction::begin(&write, begin).await?).into();
    schema::ensure(&mut tx, options.unknown_head()).await?;
    tx.commit().await?;
    let file = Arc::new(sqlite::DatabaseFile::at(path).map_err(OpenError::File)?);
    write.bind_to(Arc::clone(&file));
    readers.bind_to(file);
    Ok(DbArm::Sqlite { readers, writer: Writer::start(write, metrics)? })
}

/// The pools of those who read and of the one who writes; neither has a connection yet.
fn sqlite_pools(path: &Path, options: OpenOptions) -> (sqlite::Pool, sqlite::Pool) {
    let pool = |access, max_connections, statement_timeout| {
        sqlite::Pool::new(sqlite::PoolOptions {
            path: path.to_owned(),
            access,
            max_connections,
            busy_timeout: options.busy_timeout,
            acquire_timeout: ACQUIRE_TIMEOUT,
            statement_timeout,
        })
    };
    let readers =
        pool(sqlite::Access::Read, options.max_connections as usize, Some(options.statement_timeout));
    (readers, pool(sqlite::Access::Write, 1, None))
}

async fn open_postgres(
    connect: PgConnectOptions,
    options: OpenOptions,
    metrics: Metrics,
) -> Result<DbArm, OpenError> {
    let pool = postgres_pool(connect, options).await?;
    let mut tx: Tx = Arm::Postgres(pool.begin(Engine::Postgres.begin_write()).await?).into();
    schema::ensure(&mut tx, options.unknown_head()).await?;
    tx.commit().await?;
    Ok(DbArm::Postgres { writer: Writer::spawn(pool.clone(), metrics), pool })
}

async fn postgres_pool(connect: PgConnectOptions, options: OpenOptions) -> Result<postgres::Pool, OpenError> {
    // The pool would try again until its time is up; a first connection of our own says at once what is wrong.
    PgConnection::connect_with(&connect).await.map_err(Error::from)?.close().await.map_err(Error::from)?;
    let pulse = Arc::new(Pulse::new(connect.clone()));
    let connections = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, idle| Box::pin(check(connection, idle.idle_for)))
        .after_connect(move |connection, _| Box::pin(prepare(connection, options.statement_timeout)))
        .after_release({
            let pulse = Arc::clone(&pulse);
            // A connection to a server that does not answer would never be found fit, and keep its place until then.
            move |_, _| Box::pin(ready(Ok(pulse.beats())))
        })
        .connect_with(
            connect
                .application_name("forebay")
                .statement_cache_capacity(STATEMENTS)
                .disable_statement_logging(),
        )
        .await
        .map_err(Error::from)?;
    Ok(postgres::Pool { connections, pulse })
}

/// A connection that rested may have been lost meanwhile. One that was in use a moment ago is not asked: under load that
/// would be one more round trip for each transaction.
async fn check(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > FRESH {
        connection.ping().await?;
    }
    Ok(true)
}

/// Ends statements whose request was given up long ago, which would keep their connection busy, and runs all as they
/// are planned: ours are short, and compiling one of many conditions takes PostgreSQL seconds.
async fn prepare(connection: &mut PgConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    let set =
        sqlx::query("SELECT set_config('statement_timeout', $1, false), set_config('jit', 'off', false)");
    set.bind(timeout.as_millis().to_string()).execute(connection).await.map(drop)
}

impl OpenOptions {
    fn unknown_head(self) -> UnknownHead {
        if self.allow_unknown_schema { UnknownHead::Accept } else { UnknownHead::Refuse }
    }
}
