//! Fresh databases for tests of this and other crates, and [`for_each_db!`], which runs a test on both engines.
//!
//! PostgreSQL is the cluster named by `FOREBAY_TEST_POSTGRES` (a URI, whatever database it names). Without it the
//! PostgreSQL half says that it is skipped; with `FOREBAY_REQUIRE_POSTGRES=1` it fails instead.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ::url::Url;
use prometheus_client::registry::Registry;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::{DatabaseUrl, Db, OpenOptions};

/// A database of its own, gone when dropped (SQLite) or with the test cluster (PostgreSQL).
pub struct TestDb {
    /// The open database.
    pub db: Db,
    uri: String,
    _folder: Option<TempDir>,
}

const OPTIONS: OpenOptions = OpenOptions {
    max_connections: 4,
    busy_timeout: Duration::from_millis(100),
    statement_timeout: Duration::from_mins(1),
    allow_unknown_schema: false,
};

impl TestDb {
    /// A new SQLite file with MLflow's schema.
    ///
    /// # Panics
    /// When it cannot be created.
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let uri = format!("sqlite:///{}", folder.path().join("test.db").display());
        TestDb { db: open(&uri).await, uri, _folder: Some(folder) }
    }

    /// A new database on the test cluster, or `None` where there is no cluster and none is required.
    ///
    /// # Panics
    /// When it is required and missing, or cannot be created.
    pub async fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Some(cluster) = variable("FOREBAY_TEST_POSTGRES") else {
            assert!(variable("FOREBAY_REQUIRE_POSTGRES").is_none(), "FOREBAY_TEST_POSTGRES names no cluster");
            eprintln!("skipped on PostgreSQL: FOREBAY_TEST_POSTGRES names no cluster");
            return None;
        };
        let name = format!("forebay_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&with_database(&cluster, "postgres")).await.expect("a cluster");
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut admin).await.expect("a new database");
        let uri = with_database(&cluster, &name);
        Some(TestDb { db: open(&uri).await, uri, _folder: None })
    }

    /// The same database opened again, as another process would.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn reopen(&self) -> Db {
        open(&self.uri).await
    }

    /// The same database opened again, counting into `registry`.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn reopen_measured(&self, registry: &mut Registry) -> Db {
        let url: DatabaseUrl = self.uri.parse().expect("a URI of ours");
        Db::open_measured(&url, OPTIONS, registry).await.expect("the database opens again")
    }
}

/// The URI of another database of the same cluster.
fn with_database(cluster: &str, name: &str) -> String {
    let mut uri = Url::parse(cluster).expect("a URI");
    uri.set_path(name);
    uri.into()
}

async fn open(uri: &str) -> Db {
    let url: DatabaseUrl = uri.parse().expect("a URI of ours");
    let db = Db::open(&url, OPTIONS).await.expect("a new database opens");
    db.ensure_indexes().await.expect("a database of ours");
    db
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the test runner speaks through the environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs each `async fn(Db)` as a test on SQLite and as one on PostgreSQL.
#[macro_export]
macro_rules! for_each_db {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let test = $crate::testing::TestDb::sqlite().await;
                super::$name(test.db.clone()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                if let Some(test) = $crate::testing::TestDb::postgres().await {
                    super::$name(test.db.clone()).await;
                }
            })+
        }
    };
}
