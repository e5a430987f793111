//! MLflow's schema as this server knows it: which alembic heads it accepts, and how it creates a new one.
//!
//! The schema is MLflow's own and its migrations stay MLflow's: a database is created at one pinned release
//! or taken as it is, never altered.

use crate::{Engine, Error, FromRow, OpenError, Row, Sql, Tx};

/// Alembic head of MLflow 3.17.2, at which new databases are created.
pub(crate) const CREATED_HEAD: &str = "dc11669786a5";

/// Heads from MLflow 3.11 to 3.18, oldest first. The tables of tracking and registry are the same in all.
const ACCEPTED_HEADS: &[&str] = &["c3d6457b6d8a", CREATED_HEAD, "f4a9b2c7d1e6"];

/// Heads before 3.11, to tell "too old" from "unknown".
const OLDER_HEADS: &[&str] = &[];

const SQLITE_SCHEMA: &str = include_str!("../../../migrations/sqlite/0001_mlflow_3_17_2.sql");
const POSTGRES_SCHEMA: &str = include_str!("../../../migrations/postgres/0001_mlflow_3_17_2.sql");

const FIND_HEAD: &str = "SELECT version_num FROM alembic_version";

/// Whether a database may be used although nobody knows its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownHead {
    Refuse,
    Accept,
}

/// Creates the schema in an empty database; otherwise checks that its head is one that we know.
pub(crate) async fn ensure(tx: &mut Tx, unknown: UnknownHead) -> Result<(), OpenError> {
    lock(tx).await?;
    let tables = tx.list::<TableName>(Sql::new(list_tables(tx.engine()))).await?;
    if tables.is_empty() {
        tx.run_script(script(tx.engine())).await?;
        return Ok(());
    }
    if !tables.iter().any(|table| table.0 == "alembic_version") {
        return Err(OpenError::NotMlflow(tables.into_iter().map(|table| table.0).take(5).collect()));
    }
    let head = tx.find_cell::<String>(Sql::new(FIND_HEAD), "version_num").await?.unwrap_or_default();
    check_head(head, unknown)
}

fn check_head(head: String, unknown: UnknownHead) -> Result<(), OpenError> {
    if ACCEPTED_HEADS.contains(&head.as_str()) || unknown == UnknownHead::Accept {
        return Ok(());
    }
    if OLDER_HEADS.contains(&head.as_str()) {
        return Err(OpenError::TooOld(head));
    }
    Err(OpenError::UnknownHead(head))
}

fn script(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => SQLITE_SCHEMA,
        Engine::Postgres => POSTGRES_SCHEMA,
    }
}

fn list_tables(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        Engine::Postgres => {
            "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
        }
    }
}

/// Makes servers that start at once on one PostgreSQL create the schema one after the other.
async fn lock(tx: &mut Tx) -> Result<(), Error> {
    match tx.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => tx.run(Sql::new("SELECT pg_advisory_xact_lock(4669824)")).await.map(drop),
    }
}

struct TableName(String);

impl FromRow for TableName {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(TableName(row.get("name")?))
    }
}
