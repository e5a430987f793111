//! MLflow's schema as this server knows it: which alembic heads it accepts, and how it creates a new one.
//!
//! The schema is MLflow's own and its migrations stay MLflow's: a database is created at one pinned release
//! or taken as it is. [`own_tables`] stand beside it, and [`crate::indexes`] adds to it what may be left out.

use crate::{Engine, Error, FromRow, OpenError, Row, Sql, Tx, own_tables};

/// Heads from MLflow 3.11.1 to 3.18.0, oldest first. The tables of tracking and registry are the same in all.
const ACCEPTED_HEADS: [&str; 17] = [
    "c3d6457b6d8a",
    "a5b4c3d2e1f0",
    "ae8bbe7743c9",
    "7d34483879f0",
    "da6fb0208061",
    "89d3d66ed43f",
    "b7e4c1a90f23",
    "a8b9c0d1e2f3",
    "c1d2e3f4a5b6",
    "c3d9e7f1a2b4",
    "6f8d9c3b2a1e",
    "1971f2d9a75b",
    "17e22815139b",
    "b7e2c1a4d9f3",
    "75868b020152",
    "dc11669786a5",
    "f4a9b2c7d1e6",
];

/// Heads of the releases before 3.11, to tell "too old" from "unknown".
const OLDER_HEADS: [&str; 51] = [
    "0584bdc529eb",
    "0a8213491aaa",
    "0c779009ac13",
    "181f10493468",
    "1a0cddfcaa16",
    "1b5f0d9ad7c1",
    "1bd49d398cd23",
    "27a6a02d2cf1",
    "2b4d017a5e9b",
    "2c33131f4dae",
    "2d6e25af4d3e",
    "3500859a5d39",
    "39d1c3be5f05",
    "3da73c924c2f",
    "400f98739977",
    "4465047574b1",
    "451aebb31d03",
    "534353b11cbc",
    "5b0e9adcef9c",
    "5d2d30f0abce",
    "6953534de441",
    "71994744cf8e",
    "728d730b5ebd",
    "76601a5f987d",
    "770bee3ae1dd",
    "7ac759974ad8",
    "7f2a7d5fae7d",
    "84291f40a231",
    "867495a8f9d4",
    "89d4b8295536",
    "90e64c465722",
    "97727af70f4d",
    "a1b2c3d4e5f6",
    "a8c4a736bde6",
    "acf3f17fdcc7",
    "b7c8d9e0f1a2",
    "bd07f7e963c5",
    "bda7b8c39065",
    "bf29a5ff90ea",
    "c48cb773bb87",
    "c8d9e0f1a2b3",
    "c9d4e5f6a7b8",
    "cbc13b556ace",
    "cc1f77228345",
    "cfd24bdc0731",
    "d0e1f2a3b4c5",
    "d3e4f5a6b7c8",
    "de4033877273",
    "df50e92ffc5e",
    "e1f2a3b4c5d6",
    "f5a4f2784254",
];

const SQLITE_SCHEMA: &str = include_str!("../../../migrations/sqlite/0001_mlflow_3_17_2.sql");
const POSTGRES_SCHEMA: &str = include_str!("../../../migrations/postgres/0001_mlflow_3_17_2.sql");

const FIND_HEAD: &str = "SELECT version_num FROM alembic_version";
const DROP_HEAD: &str = "DROP TABLE alembic_version";

/// Whether a database may be used although nobody knows its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownHead {
    Refuse,
    Accept,
}

/// Creates the schema in an empty database; otherwise checks that its head is one that we know. Then makes our own
/// tables where they are missing.
pub(crate) async fn ensure(tx: &mut Tx, unknown: UnknownHead) -> Result<(), OpenError> {
    lock(tx).await?;
    match inspect(tx).await? {
        (Some(head), _) => check_head(head, unknown)?,
        (None, 0) => tx.run_script(script(tx.engine())).await?,
        (None, 1) => {
            // A first start that was cut off leaves the table of the head, and nothing in it.
            tx.run_script(DROP_HEAD).await?;
            tx.run_script(script(tx.engine())).await?;
        }
        (None, _) => return Err(OpenError::NoHead),
    }
    own_tables::ensure(tx).await.map_err(OpenError::OwnTables)
}

/// Checks that there is a schema, with a head that we know; changes nothing.
pub(crate) async fn check(tx: &mut Tx, unknown: UnknownHead) -> Result<(), OpenError> {
    match inspect(tx).await? {
        (Some(head), _) => check_head(head, unknown),
        (None, 0 | 1) => Err(OpenError::Empty),
        (None, _) => Err(OpenError::NoHead),
    }
}

/// The head, if there is one, and the number of tables that are not our own.
async fn inspect(tx: &mut Tx) -> Result<(Option<String>, usize), OpenError> {
    let mut tables = list_names(tx, list_tables(tx.engine())).await?;
    tables.retain(|table| !table.starts_with(own_tables::PREFIX));
    if !tables.is_empty() && !tables.iter().any(|table| table == "alembic_version") {
        tables.truncate(5);
        return Err(OpenError::NotMlflow(tables));
    }
    let head = match tables.as_slice() {
        [] => None,
        _ => tx.find_cell::<String>(Sql::new(FIND_HEAD), "version_num").await?,
    };
    Ok((head, tables.len()))
}

async fn list_names(tx: &mut Tx, query: &'static str) -> Result<Vec<String>, Error> {
    Ok(tx.list::<Name>(Sql::new(query)).await?.into_iter().map(|name| name.0).collect())
}

fn check_head(head: String, unknown: UnknownHead) -> Result<(), OpenError> {
    if OLDER_HEADS.contains(&head.as_str()) {
        return Err(OpenError::TooOld(head));
    }
    if ACCEPTED_HEADS.contains(&head.as_str()) || unknown == UnknownHead::Accept {
        return Ok(());
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
        Engine::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        }
        Engine::Postgres => {
            "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
        }
    }
}

/// Makes servers that start at once on one PostgreSQL create the schema one after the other.
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), Error> {
    match tx.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => tx.run(Sql::new("SELECT pg_advisory_xact_lock(4669824)")).await.map(drop),
    }
}

struct Name(String);

impl FromRow for Name {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Name(row.get("name")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_heads_are_taken_old_and_unknown_ones_refused() {
        let check = |head: &str, unknown| check_head(head.to_owned(), unknown);
        for head in ["c3d6457b6d8a", "dc11669786a5", "f4a9b2c7d1e6"] {
            assert!(check(head, UnknownHead::Refuse).is_ok(), "{head}");
        }
        for unknown in [UnknownHead::Refuse, UnknownHead::Accept] {
            assert!(matches!(check("0a8213491aaa", unknown), Err(OpenError::TooOld(_))));
        }
        assert!(matches!(check("ffffffffffff", UnknownHead::Refuse), Err(OpenError::UnknownHead(_))));
        assert!(check("ffffffffffff", UnknownHead::Accept).is_ok());
    }
}
