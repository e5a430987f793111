//! Indexes of our own on MLflow's tables. They make searches quick and change no answer, so a server that
//! cannot make them, because it does not own the tables or somebody holds them, does without.

use crate::{Db, Engine, Error, FromRow, Row, Sql, Tx, schema};

const SQLITE: &str = include_str!("../../../migrations/sqlite/0002_indexes.sql");
const POSTGRES: &str = include_str!("../../../migrations/postgres/0002_indexes.sql");

const NAMES: [&str; 7] = [
    "forebay_latest_metrics_by_value",
    "forebay_model_version_tags_by_value",
    "forebay_model_versions_by_run",
    "forebay_model_versions_by_update",
    "forebay_params_by_value",
    "forebay_runs_by_start",
    "forebay_tags_by_value",
];

impl Db {
    /// Whether an index of ours is missing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn lacks_indexes(&self) -> Result<bool, Error> {
        lacks(&mut self.read().await?).await
    }

    /// Makes those of our indexes that are missing, which takes a minute or two for each million runs, during which
    /// nobody writes.
    ///
    /// # Errors
    /// On PostgreSQL also when the tables belong to another role, or when others hold them for more than seconds.
    pub async fn ensure_indexes(&self) -> Result<(), Error> {
        self.write((), |tx, ()| Box::pin(ensure(tx))).await
    }
}

/// Looks first: even where an index is there, PostgreSQL would wait for everybody who writes.
async fn ensure(tx: &mut Tx) -> Result<(), Error> {
    schema::lock(tx).await?;
    if !lacks(tx).await? {
        return Ok(());
    }
    tx.run_script(match tx.engine() {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    })
    .await
}

async fn lacks(tx: &mut Tx) -> Result<bool, Error> {
    let list = match tx.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'index'",
        Engine::Postgres => {
            "SELECT CAST(indexname AS TEXT) AS name FROM pg_indexes WHERE schemaname = current_schema()"
        }
    };
    let present = tx.list::<Name>(Sql::new(list)).await?;
    Ok(!NAMES.iter().all(|name| present.iter().any(|index| index.0 == *name)))
}

struct Name(String);

impl FromRow for Name {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("name").map(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_make_the_indexes_that_are_looked_for() {
        for script in [SQLITE, POSTGRES] {
            let words: Vec<&str> = script.split_whitespace().collect();
            let made = words.windows(2).filter(|pair| pair[0] == "EXISTS").map(|pair| pair[1]);
            let mut made: Vec<&str> = made.collect();
            made.sort_unstable();
            assert_eq!(made, NAMES);
        }
    }
}
